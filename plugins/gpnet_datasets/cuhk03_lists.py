"""Lists of test identities and of images that come with CUHK03."""

import csv
import io
from collections import defaultdict

from gluon_personnet.core.errors import DataError

ROLES = ("train_idx", "query_idx", "gallery_idx")


def parse_testsets(data, where):
    """Test sets from CSV with a header line.

    Parameters
    ----------
    data : bytes
        Columns split, pair and identity, all counted from 1.
    where : str
        Names the file in errors.

    Returns
    -------
    list of list of (pair, identity)

    Raises
    ------
    DataError
        If a column is missing, a value is no whole number, or a split is left out.
    """
    testsets = defaultdict(list)
    try:
        for row in csv.DictReader(data.decode("utf-8-sig").splitlines()):
            testsets[int(row["split"])].append((int(row["pair"]), int(row["identity"])))
    except (ValueError, KeyError, TypeError) as error:  # TypeError: a line is too short
        raise DataError(f"{where}: {error}; right: a line split,pair,identity and then whole numbers") from error
    if not testsets or sorted(testsets) != list(range(1, len(testsets) + 1)):
        found = ", ".join(map(str, sorted(testsets)[:5])) or "none"
        raise DataError(f"{where}: found splits {found}; right: 1, 2, 3, ... without a gap")
    return [test for _, test in sorted(testsets.items())]


def parse_lists(data, where):
    """The official lists of the 767/700 protocol.

    Parameters
    ----------
    data : bytes
        A MATLAB file of version 5 to 7.
    where : str
        Names the file in errors.

    Returns
    -------
    dict of list
        ``filelist``: names; ``labels`` and ``camId``: int, one for each name; ``train_idx``, ``query_idx`` and
        ``gallery_idx``: int, places in these, counted from 1.

    Raises
    ------
    DataError
        If the file is damaged, or the lists do not belong together.
    """
    from scipy.io import loadmat

    try:
        content = loadmat(io.BytesIO(data))
        lists = {name: [int(value) for value in content[name].ravel()] for name in (*ROLES, "labels", "camId")}
        lists["filelist"] = [str(cell[0]) for cell in content["filelist"].ravel()]
        count = len(lists["filelist"])
        if not len(lists["labels"]) == len(lists["camId"]) == count:
            raise ValueError(f"{len(lists['labels'])} labels and {len(lists['camId'])} cameras of {count} files")
        wrong = [index for role in ROLES for index in lists[role] if not 1 <= index <= count]
        if wrong:
            raise ValueError(f"place {wrong[0]} of {count} files")
    except Exception as error:  # scipy passes on whatever its parsers raise, and KeyError for a missing variable
        raise DataError(f"{where}: cannot be read ({error}); right: the official lists of 767/700") from error
    return lists
