"""Generated people in the size and layout of CUHK01, for trying things out, for tests and for figures."""

from typing import Annotated

from gluon_personnet.core.digests import digest
from gluon_personnet.core.versions import version
from gluon_personnet.data.splits import check_number, identity_split
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.plugin.ranges import AtLeast, Between
from gpnet_datasets.toy_figure import Look, draw_person
from gpnet_datasets.toy_scene import Dice, background, photograph

SHOTS = 4  # two in each view


class Toy:
    """Drawn pedestrians, seen by two cameras, two images in each view, 60 px wide and 160 px high.

    Many share the colours of their clothes; light, pose, background and what is hidden differ from image to image, and
    the second camera sees everybody from the side. Figures measured on this data set say nothing about people.

    Pixels are the same on every machine with Pillow 11.3 or later; earlier ones draw corners differently, which
    changes fewer than one pixel in ten thousand.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
        Not used: images are drawn when they are read.
    identities, test_identities : int
    seed : int
        Another seed draws other people.

    """

    num_splits = 10

    def __init__(
        self,
        locate=None,
        identities: Annotated[int, Between(2, 9999)] = 971,  # four digits in a name
        test_identities: Annotated[int, AtLeast(1)] = 100,
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
    ):
        self._test_identities = test_identities
        self.expected = {"images": identities * SHOTS, "identities": identities}
        self._seed = seed
        self.samples = [
            Sample(f"campus/{pid:04d}{shot + 1:03d}.png", pid, shot // 2)
            for pid in range(1, identities + 1)
            for shot in range(SHOTS)
        ]

    def read(self, row):
        """uint8 (160, 60, 3) RGB, the same for one seed, identity and shot whatever the number of identities."""
        pid, view = self.samples[row].pid, self.samples[row].camid
        look = Look(Dice(self._seed, "toy look", pid))
        dice = Dice(self._seed, "toy image", pid, row % SHOTS)
        canvas = background(dice, view)
        draw_person(canvas, look, dice, view)
        return photograph(canvas, dice, view)

    def fingerprint(self, row):
        """What the image is drawn from: nothing is drawn for it."""
        return digest(f"toy {self._seed} {self.samples[row].name} Pillow {version('pillow')}")

    def split(self, number):
        """Split 0..9; query is the first view, gallery the second."""
        check_number(number, self.num_splits, "dataset 'toy'")
        return identity_split(self.samples, self._test_identities, number, f"toy-{self._test_identities}")
