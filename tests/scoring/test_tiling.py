"""Tiles cover a matrix once, in one shape."""

import numpy as np
import pytest

from gluon_personnet.scoring.tiling import Tiling


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (16, 64), (17, 65), (3, 200)])
@pytest.mark.parametrize("most", [(1, 1), (4, 4), (16, 64)])
def test_tiles_cover_every_place_once(shape, most):
    tiling = Tiling(*shape, *most)
    counts = np.zeros(shape, int)
    for number in range(len(tiling)):
        tile = tiling[number]
        assert tile.number == number
        assert 1 <= tile.height <= tiling.rows <= most[0] and 1 <= tile.width <= tiling.columns <= most[1]
        counts[tile.rows, tile.columns] += 1
    assert (counts == 1).all()


def test_tiles_are_even():
    tiling = Tiling(17, 65, 16, 64)
    assert (tiling.rows, tiling.columns, len(tiling)) == (9, 33, 4)
    assert tiling[3] == (3, 9, 33, 8, 32)
    with pytest.raises(IndexError):
        tiling[4]
