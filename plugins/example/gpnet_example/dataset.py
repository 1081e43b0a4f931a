"""People drawn as two coloured squares."""

from typing import Annotated

import numpy as np
from gluon_personnet.data.splits import check_number
from gluon_personnet.plugin.contracts import Sample, Split
from gluon_personnet.plugin.ranges import AtLeast

SIDE_PX = 32
SHOTS = 4  # the first two by camera 0, the others by camera 1


class Example:
    """Small generated images: a person is a square over another, each in a colour of the person's own.

    Parameters
    ----------
    locate : gluon_personnet.data.archives.Locator
        Finds archives under ``--data``; not used, as nothing is read from disk.
    num_people : int
        Half of them are for training, the others for testing.
    """

    num_splits = 2
    expected = {}

    def __init__(self, locate, num_people: Annotated[int, AtLeast(4)] = 40):
        self.samples = [
            Sample(f"{pid:03d}_{shot}.png", pid, camid=shot // 2) for pid in range(num_people) for shot in range(SHOTS)
        ]

    def read(self, row):
        """uint8 (64, 32, 3) RGB, drawn anew from the row each time; camera 1 is darker than camera 0."""
        _, pid, camid = self.samples[row]
        colours = np.random.default_rng(pid).uniform(40, 240, (2, 1, 1, 3))
        squares = np.broadcast_to(colours, (2, SIDE_PX, SIDE_PX, 3)).reshape(2 * SIDE_PX, SIDE_PX, 3)
        noise = np.random.default_rng([1, row]).normal(0, 12, squares.shape)
        return (squares * (1 - 0.25 * camid) + noise).clip(0, 255).astype(np.uint8)

    def split(self, number):
        """Even people train and odd ones test in split 0, the other way round in split 1."""
        check_number(number, self.num_splits, "dataset 'example'")
        rows = {"train": [], "query": [], "gallery": []}
        for row, (_, pid, camid) in enumerate(self.samples):
            role = "train" if pid % 2 == number else ("query", "gallery")[camid]
            rows[role].append(row)
        return Split(**{role: tuple(chosen) for role, chosen in rows.items()})
