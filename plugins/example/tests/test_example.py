"""The contract suites do most of the work; what is left to test is what the plugin adds to the contract."""

import numpy as np
from gpnet_example.coloured_squares import ColouredSquares
from gpnet_example.median_rank import MedianRank

from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.testing import check_dataset, check_protocol


def test_contracts():
    check_dataset(ColouredSquares(locate=None))
    check_protocol(MedianRank())


def test_installed_entries_are_found_and_built():
    manager = PluginManager()
    assert isinstance(manager.find("datasets", "coloured-squares").build(None, num_people=6), ColouredSquares)
    assert isinstance(manager.find("protocols", "median-rank").build(), MedianRank)


def test_ranks_by_hand():
    distmat = np.array([[0.1, 0.2, 0.3], [0.1, 0.9, 0.5], [0.2, 0.4, 0.3]])  # first true matches at 1, 3 and 1
    measures = MedianRank(max_rank=3).evaluate(
        distmat, np.arange(3) % 2, np.zeros(3, int), np.array([0, 1, 2]), np.ones(3, int), np.random.default_rng(0)
    )
    assert measures.others == {"median_rank": 1.0, "mean_rank": 5 / 3}
    np.testing.assert_allclose(measures.cmc, [2 / 3, 2 / 3, 1])
