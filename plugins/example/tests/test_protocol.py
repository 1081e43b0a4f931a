"""The protocol keeps its contract, and measures what a reader finds by hand."""

import numpy as np
from gpnet_example.protocol import Example
from gluon_personnet.testing import check_protocol


def test_contract():
    check_protocol(Example())


def test_ranks_by_hand():
    distmat = np.array([[0.1, 0.2, 0.3], [0.1, 0.9, 0.5]])  # the true matches stand at places 1 and 3
    query_pids, gallery_pids = np.array([0, 1]), np.array([0, 1, 2])
    cameras = np.zeros(2, int), np.ones(3, int)
    rng = np.random.default_rng(0)
    measures = Example().evaluate(distmat, query_pids, cameras[0], gallery_pids, cameras[1], rng)
    assert measures.others == {"mean_rank": 2.0}
    np.testing.assert_allclose(measures.cmc[:3], [0.5, 0.5, 1])
