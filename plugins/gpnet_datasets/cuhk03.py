"""CUHK03: the official ``cuhk-03.mat``, or images extracted from it, with the classic and the 767/700 splits."""

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.splits import cameras_by_pid, check_number, identity_split
from gluon_personnet.plugin.contracts import Sample, Split
from gpnet_datasets.cuhk03_files import open_files, parse_name
from gpnet_datasets.cuhk03_lists import ROLES, parse_lists

LISTS = "cuhk03_new_protocol_config_{}.mat"
CLASSIC_TEST_IDENTITIES = 100
CHOICES = {"boxes": ("labeled", "detected"), "protocol": ("classic", "767/700"), "pairs": (3, 5)}
EXPECTED = {
    (3, "labeled"): {"images": 13164, "identities": 1360},
    (3, "detected"): {"identities": 1360},  # nobody states the number of images
    (5, "labeled"): {"images": 14096, "identities": 1467},
    (5, "detected"): {"images": 14097, "identities": 1467},
}


class CUHK03:
    """People seen by one of five pairs of cameras, up to five images in each of the two views; no common image size.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
    boxes : {'labeled', 'detected'}
        Drawn by hand, or found by a pedestrian detector.
    protocol : {'classic', '767/700'}
        ``classic``: the 20 official test sets of 100 identities; query is view A, gallery view B. ``767/700``: one
        split of all five pairs by the official lists, ``cuhk03_new_protocol_config_labeled.mat`` or
        ``..._detected.mat``, which lie beside the data. Results of the two are not comparable.
    pairs : {3, 5}
        ``classic`` only: train on the identities of pairs 1-3 (1360 identities, of which 1260 train and validate: the
        papers) or of all five pairs (1467, 1367: several public codes). The test identities are the same.

    Raises
    ------
    DataError
        If nothing is found, it is damaged, or an option is none of the above.

    Notes
    -----
    Source: Li, Zhao, Xiao and Wang, DeepReID: Deep filter pairing neural network for person re-identification, CVPR
    2014; lists of 767/700: Zhong, Zheng, Cao and Li, Re-ranking person re-identification with k-reciprocal encoding,
    CVPR 2017.

    pid is 1000 * pair + identity and camid 2 * (pair - 1) + view, with pair and identity counted from 1 as in the
    official file and view 0 or 1: identities and cameras of different pairs are different ones. Samples are named
    ``labeled/<pair>_<identity>_<view>_<column>.png`` however they are stored, so that split hashes agree.

    Test sets name identities of any pair: these are samples, though never trained on, with ``pairs=3`` as well. An
    identity that a test set names and that only one view shows is no query; its images of view B are in the gallery.

    Extracted images without ``testsets.csv`` (columns split, pair, identity, from 1) are divided into 20 splits drawn
    by seed, 100 test identities of pairs 1-3 in each: not the official ones, and not comparable with them.
    """

    def __init__(self, locate, boxes="labeled", protocol="classic", pairs=3):
        for option, value in (("boxes", boxes), ("protocol", protocol), ("pairs", pairs)):
            if value not in CHOICES[option]:
                right = ", ".join(map(str, CHOICES[option]))
                raise DataError(f"dataset 'cuhk03': {option}: {value!r}; right: one of {right}")
        self._files = open_files(locate, boxes)
        self._pairs = 5 if protocol == "767/700" else pairs
        self.expected = EXPECTED[self._pairs, boxes]
        tests = self._files.testsets
        self._testsets = tests and [{_pid(pair, identity) for pair, identity in test} for test in tests]
        tested = set().union(*self._testsets or [])
        self._cells = sorted(
            cell for cell in self._files.cells if cell.pair <= self._pairs or _pid(*cell[:2]) in tested
        )
        self.samples = [
            Sample(f"{boxes}/{cell.name}", _pid(*cell[:2]), 2 * (cell.pair - 1) + cell.view) for cell in self._cells
        ]
        self._listed = self._read_lists(LISTS.format(boxes)) if protocol == "767/700" else None
        self.passed_over = self._files.passed_over()
        self.num_splits = 1 if self._listed else len(self._testsets or range(20))

    def read(self, row):
        """uint8 (H, W, 3) RGB; DataError if the image is damaged."""
        return self._files.read(self._cells[row])

    def fingerprint(self, row):
        """32 hexadecimal digits of the image."""
        return self._files.fingerprint(self._cells[row])

    def split(self, number):
        """Split 0..19 of ``classic``, 0 of ``767/700``."""
        check_number(number, self.num_splits, "dataset 'cuhk03'")
        if self._listed:
            return self._listed
        tested = self._testsets[number] if self._testsets else self._drawn(number)
        rows = [row for row, sample in enumerate(self.samples) if sample.pid in tested]
        cameras = cameras_by_pid(self.samples, rows)
        query = tuple(row for row in rows if self._view(row) == 0 and len(cameras[self.samples[row].pid]) == 2)
        if not query:
            raise DataError(
                f"dataset 'cuhk03': {self._files.path}: split {number}: found none of its {len(tested)} test "
                "identities in both views; right: all images of all pairs"
            )
        train = tuple(
            row
            for row, cell in enumerate(self._cells)
            if cell.pair <= self._pairs and self.samples[row].pid not in tested
        )
        return Split(train, query, tuple(row for row in rows if self._view(row) == 1))

    def _view(self, row):
        return self._cells[row].view

    def _drawn(self, number):
        """Test identities of pairs 1-3, by seed."""
        first = [sample for sample, cell in zip(self.samples, self._cells) if cell.pair <= 3]
        split = identity_split(first, CLASSIC_TEST_IDENTITIES, number, f"cuhk03-{CLASSIC_TEST_IDENTITIES}")
        return {first[row].pid for row in split.query}

    def _read_lists(self, name):
        """The split of the official lists."""
        found = self._files.beside(name)
        if found is None:
            raise DataError(
                f"dataset 'cuhk03': {name} not found beside {self._files.path}; put the official lists of 767/700 there"
            )
        lists, where = parse_lists(*found), found[1]
        rows = {cell: row for row, cell in enumerate(self._cells)}
        listed = [rows.get(parse_name(file)) for file in lists["filelist"]]
        missing = [file for file, row in zip(lists["filelist"], listed) if row is None]
        if missing:
            raise DataError(
                f"{where}: {len(missing)} of {len(listed)} images listed are not in {self._files.path}, such as "
                f"{missing[0]}; right: the lists of these images"
            )
        self._check_lists(lists, listed, where)
        return Split(*(tuple(listed[place - 1] for place in lists[role]) for role in ROLES))

    def _check_lists(self, lists, listed, where):
        """Labels must name the identities of the file names one to one, and cameras must be their views."""
        pids, labels = {}, {}
        for row, label, camera in zip(listed, lists["labels"], lists["camId"]):
            pid = self.samples[row].pid
            same = pids.setdefault(label, pid) == pid and labels.setdefault(pid, label) == label
            if not same or camera != self._view(row) + 1:
                raise DataError(
                    f"{where}: {self._cells[row].name} has label {label} and camera {camera}; "
                    "right: one label for each identity, and the camera of the file name"
                )


def _pid(pair, identity):
    return 1000 * pair + identity
