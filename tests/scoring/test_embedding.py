"""Distances of embedding networks against NumPy."""

import numpy as np
import pytest

from embedding_network import TinyEmbedding
from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise
from gluon_personnet.scoring.embedding import EmbeddingScorer, make_scorer
from gluon_personnet.scoring.scorer import Scorer


@pytest.fixture(scope="module")
def network():
    mx.random.seed(0)
    network = TinyEmbedding()
    initialise(network, mx.cpu())
    return network


def pictures(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 16, 3), dtype=np.uint8)


def vectors(network, images):
    return network(mx.nd.array(to_network_input(images))).asnumpy().astype(np.float64)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_distances_are_those_of_the_vectors(network, distance, monkeypatch):
    monkeypatch.setattr(network, "distance", distance, raising=False)
    query, gallery = pictures(5, 0), pictures(7, 1)
    found = EmbeddingScorer(network, mx.cpu(), batch_images=3).distmat(query, gallery)
    q, g = vectors(network, query), vectors(network, gallery)
    right = 1 - unit(q) @ unit(g).T if distance == "cosine" else np.linalg.norm(q[:, None] - g[None], axis=2)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-5)


def test_views_are_averaged_as_vectors(network):
    query, gallery = pictures(3, 2), pictures(4, 3)
    views = [(query, gallery), (query[:, :, ::-1], gallery[:, :, ::-1])]
    found = EmbeddingScorer(network, mx.cpu()).over_views(views)
    q, g = (unit(sum(unit(vectors(network, view[side])) for view in views)) for side in (0, 1))
    np.testing.assert_allclose(found, 1 - q @ g.T, atol=1e-5)


def test_each_kind_of_network_has_its_scorer(network):
    assert isinstance(make_scorer(network, mx.cpu()), EmbeddingScorer)
    pair = PersonNet(depth=7, height_px=60, width_px=40)
    initialise(pair, mx.cpu())
    assert isinstance(make_scorer(pair, mx.cpu()), Scorer)


def test_what_it_cannot_do_is_said_in_a_line(network, monkeypatch):
    with pytest.raises(BackendError, match="^precision int8: known for PersonNet's head only; right: float32$"):
        EmbeddingScorer(network, mx.cpu(), precision="int8")
    monkeypatch.setattr(network, "distance", "manhattan", raising=False)
    with pytest.raises(BackendError, match="distance 'manhattan'; right: cosine or euclidean"):
        EmbeddingScorer(network, mx.cpu())
