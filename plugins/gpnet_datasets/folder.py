"""Anybody's images: a list of them, or one folder for each person."""

import csv
import posixpath
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Annotated

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Files
from gluon_personnet.data.images import decode
from gluon_personnet.data.names import MOST_DIGITS, cameras_of, is_image, passed_over, person_numbers, same_text
from gluon_personnet.data.splits import cameras_by_pid, check_number, identity_split
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.plugin.ranges import AtLeast, Between

MANIFEST = "manifest.csv"


class Folder:
    """A folder or zip archive with ``manifest.csv`` (columns path, pid, camid) or ``<pid>/<camid>_*.jpg``.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
    path : str
        Of the folder or zip archive: relative to the directories of data sets or, if it is not there, to the current
        folder; or absolute.
    test_identities : int
        How many identities to test on; 0: half of those seen by two cameras.
    splits : int
        How many splits to draw, by seed.

    Raises
    ------
    DataError
        If nothing is there, or it is not laid out as above.

    Notes
    -----
    The manifest is a CSV file in UTF-8 with a header line; paths are relative to it, other columns are ignored. A
    single folder around everything is allowed in either layout. Names of persons' folders may be any text: they are
    numbered in sorted order, unless all are whole numbers.

    Which camera a name tells is decided for all names together: :func:`gluon_personnet.data.names.cameras_of`. Files in
    hidden folders and in those of file managers (``@eaDir``, ``__MACOSX``) are no images. Links to folders are not
    followed. ``passed_over`` names every image file that is not used, and these links.

    Cameras may be missing altogether: no column camid, or no name that tells one. Then the images of a person count as
    taken by cameras 0, 1, 2, ... in the order of their names, so that a rule that excludes images of the same person
    and camera excludes nothing but the image itself, and the first image is the query.
    """

    expected = {}

    def __init__(
        self,
        locate,
        path: str = "",
        test_identities: Annotated[int, AtLeast(0)] = 0,
        splits: Annotated[int, Between(1, 10_000)] = 10,
    ):
        if not path:
            raise DataError("dataset 'folder': no path given; right: path=<folder or zip archive with images>")
        here = Path(path).expanduser()
        try:
            self._files = locate("folder", [path], "name an existing folder or zip archive")
        except DataError:
            if not here.exists():
                raise
            self._files = Files(here)
        prefix = _common_folder(self._files.names)
        if prefix + MANIFEST in self._files.names:
            found = _from_manifest(self._files, prefix)
        else:
            found = _from_names(self._files, prefix)
        self.samples = _with_cameras(found)
        self.num_splits = splits
        self.passed_over = passed_over(self._files.names, [sample.name for sample in self.samples]) + self._files.links
        seen_twice = sum(len(seen) > 1 for seen in cameras_by_pid(self.samples, range(len(self.samples))).values())
        self._test_identities = test_identities or seen_twice // 2

    def read(self, row):
        """uint8 (H, W, 3) RGB; DataError if the file is damaged."""
        name = self.samples[row].name
        return decode(self._files.read(name), f"{self._files.path}: {name}")

    def fingerprint(self, row):
        """32 hexadecimal digits of the image's file."""
        return self._files.fingerprint(self.samples[row].name)

    def split(self, number):
        """A split by identity; query is the lowest camera of each test identity, gallery the others."""
        check_number(number, self.num_splits, "dataset 'folder'")
        return identity_split(self.samples, self._test_identities, number, f"folder-{self._test_identities}")


def _common_folder(names):
    """``"name/"`` of the folder that wraps manifest.csv, or else all images; empty if there is none."""
    manifests = [name for name in names if name.count("/") == 1 and name.endswith("/" + MANIFEST)]
    if len(manifests) == 1 and MANIFEST not in names:
        return manifests[0][: -len(MANIFEST)]
    images = [name for name in names if is_image(name)]
    folders = {name.split("/")[0] for name in images}
    return f"{folders.pop()}/" if len(folders) == 1 and all(name.count("/") == 2 for name in images) else ""


def _from_manifest(files, prefix):
    """(name, pid, camid or None) of every line."""
    where = f"{files.path}: {prefix}{MANIFEST}"
    try:
        text = files.read(prefix + MANIFEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 text ({error.reason}); right: CSV in UTF-8") from error
    texts = {unicodedata.normalize("NFC", name): name for name in files.names}
    known, lines, found = set(files.names), {}, []
    reader = csv.DictReader(text.splitlines())
    columns = [column.strip() for column in reader.fieldnames or []]
    reader.fieldnames = columns
    for column in ("path", "pid", "camid"):
        if columns.count(column) > 1:
            raise DataError(f"{where} line 1: column {column!r} stands there twice; right: once")
    for column in ("path", "pid"):
        if column not in columns:
            raise DataError(
                f"{where} line 1: no column {column!r}, found {', '.join(columns) or 'nothing'}; right: path,pid,camid"
            )
    for row in reader:
        line = f"{where} line {reader.line_num}"
        name = posixpath.normpath(prefix + (row["path"] or "").strip())
        name = name if name in known else texts.get(unicodedata.normalize("NFC", name), name)
        if name not in known:
            raise DataError(f"{line}: no file {row['path']!r}; right: a path relative to {MANIFEST}")
        if name in lines:
            raise DataError(f"{line}: {row['path']!r} is on line {lines[name]} already; right: one line for an image")
        lines[name] = reader.line_num
        camid = _integer(row["camid"], "camid", 0, line) if "camid" in columns else None
        found.append((name, _integer(row["pid"], "pid", -1, line), camid))
    if not found:
        raise DataError(f"{where}: no image listed; right: one line path,pid,camid for each image")
    return found


def _integer(text, column, least, line):
    match = re.fullmatch(rf"-?\d{{1,{MOST_DIGITS}}}", (text or "").strip(), re.ASCII)
    if not match or int(match[0]) < least:
        raise DataError(
            f"{line}: {column} {text!r}; right: a whole number, {least} or more, of {MOST_DIGITS} digits at most"
        )
    return int(match[0])


def _from_names(files, prefix):
    """(name, pid, camid or None) of every image."""
    images = [name[len(prefix) :].split("/") for name in files.names if is_image(name)]
    wrong = next(("/".join(parts) for parts in images if len(parts) != 2), None)
    if wrong or not images:
        raise DataError(
            f"{files.path}: found {wrong or 'no image'} and no {MANIFEST}; right: {MANIFEST}, or images named "
            "<person>/<camera>_<anything>.jpg"
        )
    try:
        pids = person_numbers([person for person, _ in images])
        same_text(["/".join(image) for image in images])
    except DataError as error:
        raise DataError(f"{files.path}: {error}") from error
    cameras = cameras_of(images, str(files.path))
    return [(f"{prefix}{person}/{file}", pids[person], camera) for (person, file), camera in zip(images, cameras)]


def _with_cameras(found):
    """Sorted list of Sample; images without camera are numbered within their identity."""
    samples, images = [], defaultdict(int)
    for name, pid, camid in sorted(found):
        samples.append(Sample(name, pid, images[pid] if camid is None else camid))
        images[pid] += 1
    return samples
