"""Tiles against the plain forward of every pair; precisions; what is kept on disk."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.scoring.cost import Cost
from gluon_personnet.scoring.scorer import Scorer
from scoring_inputs import images, make_network

REDUCED = {"bfloat16": 0.02, "int8": 0.04}
"""Precision -> share of the spread of margins by which a margin may change on the toy network."""


@pytest.fixture(scope="module")
def network():
    return make_network()


def naive(network, query, gallery):
    """float64 (Q, G): every pair passes the whole network."""
    count = len(gallery)
    pairs = np.repeat(query, count, axis=0), np.tile(gallery, (len(query), 1, 1, 1))
    logits = network(*(mx.nd.array(to_network_input(side)) for side in pairs)).asnumpy().astype(np.float64)
    return (logits[:, 0] - logits[:, 1]).reshape(len(query), count)


@pytest.mark.parametrize("tile_pairs, batch_images", [(1024, 64), (12, 3), (1, 1)])
def test_distmat_equals_the_margin_of_every_pair(network, tile_pairs, batch_images):
    query, gallery = images(5, 0), images(7, 1)
    distmat = Scorer(network, mx.cpu(), tile_pairs, batch_images).distmat(query, gallery)
    assert (distmat.shape, distmat.dtype) == ((5, 7), np.float64)
    np.testing.assert_allclose(distmat, naive(network, query, gallery), atol=1e-4)


def test_a_narrow_gallery_has_tiles_of_few_rows(network):
    query, gallery = images(35, 0), images(2, 1)
    scorer = Scorer(network, mx.cpu())
    assert scorer.tiling_of(35, 2)[0].height == 18
    np.testing.assert_allclose(scorer.distmat(query, gallery), naive(network, query, gallery), atol=1e-4)


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"activation": "tanh", "depth": 7}, {"sizes": "valid"}])
def test_other_networks(options):
    network, query, gallery = make_network(**options), images(3, 0), images(3, 1)
    distmat = Scorer(network, mx.cpu()).distmat(query, gallery)
    np.testing.assert_allclose(distmat, naive(network, query, gallery), atol=1e-4)


class StrangeHead(mx.gluon.HybridBlock):
    """A head that is not PersonNet's, with a state that is not trained."""

    def __init__(self):
        super().__init__()
        self.norm, self.logits = mx.gluon.nn.BatchNorm(in_channels=8), mx.gluon.nn.Dense(2, in_units=8 * 32 * 7)

    def hybrid_forward(self, F, difference):
        return self.logits(F.abs(self.norm(difference)))


class StrangeNetwork(mx.gluon.HybridBlock):
    def __init__(self, network):
        super().__init__()
        self.options, self.trunk, self.compare, self.head = (
            network.options,
            network.trunk,
            network.compare,
            StrangeHead(),
        )

    def hybrid_forward(self, F, query, gallery):
        return self.head(self.compare(self.trunk(query), self.trunk(gallery)))


def test_a_head_that_is_not_personnets(network):
    strange = StrangeNetwork(network)
    strange.head.initialize(mx.init.Uniform(0.1))
    query, gallery = images(3, 0), images(5, 1)
    distmat = Scorer(strange, mx.cpu(), tile_pairs=6).distmat(query, gallery)
    np.testing.assert_allclose(distmat, naive(strange, query, gallery), atol=1e-4)
    with pytest.raises(BackendError, match="PersonNet's head only"):
        Scorer(strange, mx.cpu(), precision="int8")


def test_the_first_image_is_the_query(network):
    first, second = images(1, 0), images(1, 1)
    scorer = Scorer(network, mx.cpu())
    assert abs(scorer.distmat(first, second) - scorer.distmat(second, first)) > 1e-4


def test_weights_are_those_of_the_call():
    """Training scores again and again with one scorer."""
    network, query, gallery = make_network(), images(3, 0), images(4, 1)
    scorer = Scorer(network, mx.cpu())
    before = scorer.distmat(query, gallery)
    for name in ("conv4", "logits"):
        weight = getattr(network.head, name).weight
        weight.set_data(weight.data() * 1.5)
    after = scorer.distmat(query, gallery)
    assert np.abs(after - before).max() > 1e-2
    np.testing.assert_allclose(after, naive(network, query, gallery), atol=1e-4)


def test_a_tile_is_the_same_bytes_wherever_it_is_computed(network):
    query, gallery = images(5, 0), images(7, 1)
    scorer, other = (Scorer(network, mx.cpu(), tile_pairs=6) for _ in range(2))
    whole = scorer.distmat(query, gallery)
    maps = other.maps(query, gallery)
    tiling = other.tiling(maps)
    assert len(tiling) > 2
    pieces = np.full(whole.shape, np.nan)
    for tile, distances in other.tiles(maps, tiling, reversed(range(len(tiling)))):
        pieces[tile.rows, tile.columns] = distances
    assert pieces.tobytes() == whole.tobytes()


@pytest.mark.parametrize("tile_pairs", [1024, 6, 1])
def test_chosen_pairs_are_those_of_the_whole(network, tile_pairs):
    query, gallery = images(5, 0), images(7, 1)
    scorer = Scorer(network, mx.cpu(), tile_pairs)
    whole = scorer.distmat(query, gallery)
    columns = np.argsort(np.random.default_rng(0).random(whole.shape), axis=1)[:, :4]
    chosen = scorer.pairs(scorer.maps(query, gallery), columns)
    np.testing.assert_allclose(chosen, np.take_along_axis(whole, columns, axis=1), atol=1e-5)


@pytest.mark.parametrize("precision", sorted(REDUCED))
def test_reduced_precision_is_near_and_is_what_it_says(network, precision, needs_precision):
    needs_precision(precision)
    query, gallery = images(6, 0), images(9, 1)
    exact = naive(network, query, gallery)
    changed = np.abs(Scorer(network, mx.cpu(), precision=precision).distmat(query, gallery) - exact).max()
    assert 1e-5 < changed <= REDUCED[precision] * np.ptp(exact)


def test_precisions_that_are_not_to_be_had(network):
    with pytest.raises(BackendError, match="'int4': unknown; right: one of float32"):
        Scorer(network, mx.cpu(), precision="int4")
    with pytest.raises(BackendError, match="found 'relu'; right: bfloat16"):
        Scorer(make_network(activation="relu"), mx.cpu(), precision="int8")


@pytest.mark.parametrize(
    "processor, had",
    [("AVX2", {"float32"}), ("AVX512_CORE", {"float32", "bfloat16"})],
)
def test_processors_that_would_give_garbage_are_refused(processor, had):
    """oneDNN told to take this one for another: without VNNI, sums of 8-bit products clip at 16 bits."""
    code = """if True:
        from gluon_personnet.core.errors import BackendError
        from gluon_personnet.network.backend import mx
        from gluon_personnet.network.personnet import PersonNet
        from gluon_personnet.scoring.heads import PRECISIONS, check_precision
        network = PersonNet(channels=1, units=[1, 1, 1])
        for precision in PRECISIONS:
            try:
                check_precision(network, mx.cpu(), precision)
                print(precision)
            except BackendError as error:
                assert "needs a processor with AVX-512" in str(error)
    """
    environment = {**os.environ, "DNNL_MAX_CPU_ISA": processor}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= had and "float32" in done.stdout


def test_cost_is_judged_by_tiles_behind_the_first(monkeypatch):
    times = iter([0.0, *(0.5 * number for number in range(20))])
    monkeypatch.setattr("gluon_personnet.scoring.cost.time.perf_counter", lambda: next(times))
    cost = Cost(100_000)
    known = [cost.add(1000) for _ in range(12)]
    assert known == [False] * 9 + [True] + [False] * 2
    assert (cost.rate, cost.seconds) == (2000.0, 50.0)
    assert str(cost) == "100,000 pairs in about 00:50, 2,000 pairs/s judged by the first 10 tiles"


def test_real_images_score_as_the_plain_forward_does(real_data):
    """The network of the paper at its full size, on images of CUHK01."""
    from gpnet_datasets.cuhk01 import CUHK01

    from gluon_personnet.data.archives import Locator

    dataset = CUHK01(Locator([real_data]))
    read = [np.stack([dataset.read(row) for row in rows]) for rows in ((0, 4, 8), (2, 6, 10, 14))]
    network = make_network(channels=32, units=[4096, 4096, 512])
    exact = naive(network, *read)
    distmat = Scorer(network, mx.cpu()).distmat(*read)
    np.testing.assert_allclose(distmat, exact, atol=1e-4)
    assert (distmat.argsort(axis=1) == exact.argsort(axis=1)).all()


def test_a_long_run_says_what_it_will_take(network, monkeypatch, capsys):
    monkeypatch.setattr("gluon_personnet.scoring.scorer.LONG_SECONDS", 0)
    monkeypatch.setattr(Cost, "AT_LEAST_SECONDS", 0.0)
    scorer = Scorer(network, mx.cpu(), tile_pairs=1)
    scorer.distmat(images(4, 0), images(5, 1), progress=True)
    captured = capsys.readouterr()
    assert (
        captured.err.count("score: 20 pairs in about 00:00, ") == 1 and "judged by the first 10 tiles" in captured.err
    )
    scorer.distmat(images(4, 0), images(5, 1))
    assert capsys.readouterr().err == ""
