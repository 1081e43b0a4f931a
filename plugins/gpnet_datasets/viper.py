"""VIPeR, as published: folders ``cam_a`` and ``cam_b``; or as one folder ``images``."""

import re
from typing import Annotated

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.images import decode
from gluon_personnet.data.names import passed_over
from gluon_personnet.data.splits import check_number, identity_split
from gluon_personnet.plugin.contracts import Sample, Split
from gluon_personnet.plugin.ranges import OneOf

CANDIDATES = ("VIPeR.zip", "VIPeR", "VIPeR.v1.0.zip", "VIPeR.v1.0", "viper.zip", "viper")
TEST_IDENTITIES = 316
_OFFICIAL = re.compile(r"(?:.*/)?(cam_([ab])/(\d{3})_\d+\.bmp)", re.IGNORECASE)
_IMAGES = re.compile(r"(?:.*/)?(images/(\d{4})000([12])\.png)", re.IGNORECASE)


class VIPeR:
    """632 people, one image from each of two cameras, 48 px wide and 128 px high; 316 to train on, 316 to test.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
    query_camera : {'a', 'b'}
        Whose images are the queries; the other camera's are the gallery. It matters: some systems rank better one way.

    Raises
    ------
    DataError
        If nothing is found, nothing of it is named as below, or an identity has two images by one camera.

    Notes
    -----
    Source: Gray, Brennan and Tao, Evaluating appearance models for recognition, reacquisition, and tracking, PETS
    2007. There is no official list of identities: the ten splits are drawn by seed.

    Two layouts are read: the official ``cam_a/NNN_<angle>.bmp`` and ``cam_b/NNN_<angle>.bmp``, where NNN is the
    identity and has gaps, and ``images/PPPP000C.png``, where PPPP is the identity from 1 to 632 and C the camera, 1 or
    2. Identities and names, and so the hashes of splits, differ between the two.
    """

    num_splits = 10
    expected = {"images": 1264, "identities": 632}

    def __init__(self, locate, query_camera: Annotated[str, OneOf("a", "b")] = "a"):
        self._swapped = query_camera == "b"
        self._files = locate("viper", CANDIDATES, "put the archive there or name its folder with --data")
        found = {}
        for name in self._files.names:
            sample = _sample(name)
            if sample is None:
                continue
            other = found.setdefault(sample[1:], (sample, name))[1]
            if other != name:
                raise DataError(f"dataset 'viper': {self._files.path} holds {other} and {name}; right: one image each")
        if not found:
            example = self._files.names[0] if self._files.names else "no file at all"
            raise DataError(
                f"dataset 'viper': no image in {self._files.path}: found {example}; "
                "right: cam_a/000_45.bmp or images/00010001.png"
            )
        images = sorted(found.values())
        self.samples = [sample for sample, _ in images]
        self._names = [name for _, name in images]
        self.passed_over = passed_over(self._files.names, self._names)

    def read(self, row):
        """uint8 (H, W, 3) RGB; DataError if the file is damaged."""
        name = self._names[row]
        return decode(self._files.read(name), f"{self._files.path}: {name}")

    def fingerprint(self, row):
        """32 hexadecimal digits of the image's file."""
        return self._files.fingerprint(self._names[row])

    def split(self, number):
        """Split 0..9: the same identities whichever camera's images are the queries."""
        check_number(number, self.num_splits, "dataset 'viper'")
        split = identity_split(self.samples, TEST_IDENTITIES, number, f"viper-{TEST_IDENTITIES}")
        return Split(split.train, split.gallery, split.query) if self._swapped else split


def _sample(name):
    """The Sample of a file in either layout, None for other files."""
    official, images = _OFFICIAL.fullmatch(name), _IMAGES.fullmatch(name)
    if official:
        return Sample(official[1].lower(), int(official[3]), "ab".index(official[2].lower()))
    if images:
        return Sample(images[1].lower(), int(images[2]), int(images[3]) - 1)
    return None
