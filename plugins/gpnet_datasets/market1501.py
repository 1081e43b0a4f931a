"""Market-1501, as published: folders of JPEG files, packed or unpacked."""

import re

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.images import decode
from gluon_personnet.data.names import is_image, passed_over
from gluon_personnet.data.splits import check_number
from gluon_personnet.plugin.contracts import Sample, Split

CANDIDATES = (
    "Market-1501-v15.09.15.zip",
    "Market-1501-v15.09.15",
    "Market-1501.zip",
    "Market-1501",
    "market1501.zip",
    "market1501",
)
TRAIN, QUERY, GALLERY, DRAWN = "bounding_box_train", "query", "bounding_box_test", "gt_bbox"
_NAME = re.compile(r"(?:.*/)?((\w+)/(-1|\d{1,9})_c([1-9]\d?)(?:s\d+)?_f?\d+(?:_\d+)?(?:\.\w+)+)", re.ASCII)


class Market1501:
    """People seen by six cameras, boxes found by a pedestrian detector, 64 px wide and 128 px high.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
    multi_query : bool
        Query with every image in ``gt_bbox`` of an identity and camera that ``query`` has an image of, and not with
        the images in ``query`` themselves.

    Raises
    ------
    DataError
        If nothing is found, or a folder has no image named ``PPPP_cCsS_FFFFFF_BB.jpg``.

    Notes
    -----
    Source: Zheng, Shen, Tian, Wang, Wang and Tian, Scalable person re-identification: a benchmark, ICCV 2015.
    PPPP is the identity, C the camera (camid C - 1). Longer numbers, other endings of images, names without S or BB and
    those of DukeMTMC-reID (``PPPP_cC_fFFFFFFF.jpg``) are read too. ``passed_over`` names every other image file in the
    folders. There is one split: training on the 12,936 images of 751 identities in ``bounding_box_train``, query with
    the 3,368 images of 750 others in ``query``, gallery all 19,732 images in ``bounding_box_test``. These include 3,819
    junk boxes, named -1, which is their pid, and distractors, named 0000, who are nobody: their pid 0 counts as one
    identity, so that there are 751 + 750 + 1 = 1,502 in all.
    """

    num_splits = 1

    def __init__(self, locate, multi_query: bool = False):
        self._files = locate("market1501", CANDIDATES, "put the archive there or name its folder with --data")
        self.expected = {"identities": 1502} if multi_query else {"images": 36036, "identities": 1502}
        folders = {TRAIN: {}, QUERY: {}, GALLERY: {}, **({DRAWN: {}} if multi_query else {})}
        for name in self._files.names:
            match = _NAME.fullmatch(name) if is_image(name) else None
            if match and match[2] in folders:
                sample = Sample(match[1], int(match[3]), int(match[4]) - 1)
                other = folders[match[2]].setdefault(sample, name)
                if other != name:
                    raise DataError(
                        f"dataset 'market1501': {self._files.path} holds {other} and {name}; right: one image each"
                    )
        for folder, found in folders.items():
            if not found:
                raise self._no_image(folder)
        if multi_query:
            asked = {sample[1:] for sample in folders.pop(QUERY)}
            folders[DRAWN] = {sample: name for sample, name in folders[DRAWN].items() if sample[1:] in asked}
        names = {sample: name for found in folders.values() for sample, name in found.items()}
        self.samples = sorted(names)
        self._names = [names[sample] for sample in self.samples]
        self._query = DRAWN if multi_query else QUERY
        folders = {TRAIN, QUERY, GALLERY, self._query}
        inside = [name for name in self._files.names if folders.intersection(name.split("/")[:-1])]
        self.passed_over = passed_over(inside, [name for name in inside if _NAME.fullmatch(name)])

    def _no_image(self, folder):
        inside = [name for name in self._files.names if f"/{folder}/" in f"/{name}"]
        found = inside[0] if inside else "no file at all"
        return DataError(
            f"dataset 'market1501': no image in {folder} of {self._files.path}: found {found}; "
            f"right: {folder}/0001_c1s1_001051_00.jpg"
        )

    def read(self, row):
        """uint8 (H, W, 3) RGB; DataError if the file is damaged."""
        name = self._names[row]
        return decode(self._files.read(name), f"{self._files.path}: {name}")

    def fingerprint(self, row):
        """32 hexadecimal digits of the image's file."""
        return self._files.fingerprint(self._names[row])

    def split(self, number):
        """Split 0, the only one."""
        check_number(number, self.num_splits, "dataset 'market1501'")
        return Split(*(self._rows(folder) for folder in (TRAIN, self._query, GALLERY)))

    def _rows(self, folder):
        return tuple(row for row, sample in enumerate(self.samples) if sample.name.startswith(f"{folder}/"))
