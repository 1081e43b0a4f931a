"""CUHK01, as published: a folder ``campus`` of PNG files, packed or unpacked."""

import re
from typing import Annotated

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.images import decode
from gluon_personnet.data.names import passed_over
from gluon_personnet.data.splits import check_number, identity_split
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.plugin.ranges import AtLeast

CANDIDATES = ("CUHK01.zip", "CUHK01", "cuhk01.zip", "cuhk01", "campus.zip", "campus")
_NAME = re.compile(r"(?:.*/)?(\d{4})(00[1-4])\.png", re.IGNORECASE)


class CUHK01:
    """971 people, two views, two images in each view, 60 px wide and 160 px high.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
    test_identities : int
        100 (871 for training; deep papers, PersonNet) or 486 (485 for training). Results of the two are not
        comparable. There is no official list of identities: the ten splits of either are drawn by seed.

    Raises
    ------
    DataError
        If nothing is found, or nothing of it is named ``campus/PPPPSSS.png``.

    Notes
    -----
    Source: Li, Zhao and Wang, Human reidentification with transferred metric learning, ACCV 2012.
    PPPP is the identity, SSS the image: 001 and 002 of view A (camid 0), 003 and 004 of view B (camid 1).
    Samples are named ``campus/PPPPSSS.png`` wherever the files lie, so that split hashes agree.
    """

    num_splits = 10
    expected = {"images": 3884, "identities": 971}

    def __init__(self, locate, test_identities: Annotated[int, AtLeast(1)] = 100):
        self._test_identities = test_identities
        self._files = locate("cuhk01", CANDIDATES, "put the archive there or name its folder with --data")
        found = {}
        for name in self._files.names:
            match = _NAME.fullmatch(name)
            if not match:
                continue
            pid, shot = int(match[1]), int(match[2])
            sample = Sample(f"campus/{match[1]}{match[2]}.png", pid, (shot - 1) // 2)
            if sample in found:
                raise DataError(
                    f"dataset 'cuhk01': {self._files.path} holds {found[sample]} and {name}; right: one image each"
                )
            found[sample] = name
        if not found:
            example = self._files.names[0] if self._files.names else "no file at all"
            raise DataError(
                f"dataset 'cuhk01': no image in {self._files.path}: found {example}; right: campus/0001001.png"
            )
        self.samples = sorted(found)
        self._names = [found[sample] for sample in self.samples]
        self.passed_over = passed_over(self._files.names, self._names)

    def read(self, row):
        """uint8 (H, W, 3) RGB; DataError if the file is damaged."""
        name = self._names[row]
        return decode(self._files.read(name), f"{self._files.path}: {name}")

    def fingerprint(self, row):
        """32 hexadecimal digits of the image's file."""
        return self._files.fingerprint(self._names[row])

    def split(self, number):
        """Split 0..9; query is view A, gallery view B."""
        check_number(number, self.num_splits, "dataset 'cuhk01'")
        return identity_split(self.samples, self._test_identities, number, f"cuhk01-{self._test_identities}")
