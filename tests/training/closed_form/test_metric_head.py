"""The head in closed form."""

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.stats import spearmanr

from gluon_personnet.network.backend import mx
from gluon_personnet.network.literal import LiteralPersonNet
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.training.closed_form.map_pairs import MapPairs
from gluon_personnet.training.closed_form.metric_head import REGULARISATION, start_as_metric
from gluon_personnet.training.execution import Execution

PEOPLE = 40
SAMPLES = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(PEOPLE) for camid in (0, 1)]


def pictures():
    """Images uint8 (N, 160, 60, 3) of people of three plain colours each, with noise: one for each row of SAMPLES."""
    rng = np.random.default_rng(0)
    colours = np.repeat(rng.integers(40, 216, (PEOPLE, 3, 1, 3)), 2, axis=0)  # two views
    noise = rng.normal(0, 15, (2 * PEOPLE, 3, 1, 3)) + rng.normal(0, 5, (2 * PEOPLE, 3, 60, 3))
    stripes = np.repeat(colours + noise, [54, 53, 53], axis=1)
    return np.clip(stripes, 0, 255).astype(np.uint8)


def network_and_pairs(any_order=False, **options):
    mx.random.seed(1)
    network = PersonNet(**{"channels": 4, "units": (128, 64, 32), "dropout": 0.5, **options})
    initialise(network, mx.cpu())
    images, rng = pictures(), np.random.default_rng(2)
    of_rows, ctx = (lambda rows: images[rows]), mx.cpu()
    pairs = MapPairs(network, SAMPLES, range(len(SAMPLES)), of_rows, any_order, rng, Execution(ctx, progress=False))
    return network, pairs, rng


@pytest.mark.parametrize("any_order", [False, True])
def test_pairs_are_what_they_are_called(any_order):
    network, pairs, _ = network_and_pairs(any_order)
    pids, camids = (np.tile([getattr(sample, key) for sample in SAMPLES], 2) for key in ("pid", "camid"))
    for some, equal in ((pairs.same, True), (pairs.different, False)):
        query, gallery = some.T
        assert ((pids[query] == pids[gallery]) == equal).all()
        assert set(camids[gallery] - camids[query]) == ({1, -1} if any_order else {1})
        assert ((query < len(SAMPLES)) == (gallery < len(SAMPLES))).all()  # both mirrored or none
    assert len(pairs.same) == 2 * PEOPLE and len(pairs.different) > 20_000
    images = pictures().transpose(0, 3, 1, 2).astype(np.float32)
    maps = [network.trunk(mx.nd.array(some)).asnumpy() for some in (images, images[..., ::-1])]
    maps = np.concatenate(maps)
    query, gallery = pairs.same.T
    (found,) = pairs.differences(pairs.same)
    np.testing.assert_allclose(found, maps[query] - maps[gallery], atol=1e-4)


def pool4(network, images):
    """Values of Table I's row Pool4 of all pairs of a query of camera 0 and a gallery image of camera 1."""
    pixels = mx.nd.array(images.transpose(0, 3, 1, 2))
    network, values = LiteralPersonNet(network.plain()), []
    for pairs in np.split(np.arange(PEOPLE**2), PEOPLE):  # all at once would take gigabytes
        rows = pairs // PEOPLE * 2, pairs % PEOPLE * 2 + 1
        query, gallery = (mx.nd.take(pixels, mx.nd.array(some)) for some in rows)
        values.append(dict(network.rows(query, gallery))["Pool4"].reshape((PEOPLE, -1)).asnumpy())
    return np.concatenate(values).astype(np.float64)


@pytest.mark.parametrize("options", [{}, {"normalise": 0.3}, {"depth": 7, "units": (128, 1, 32)}])
def test_distance_is_the_metric_of_the_values_of_pool4(options):
    network, pairs, rng = network_and_pairs(**options)
    trunk = [parameter.data().asnumpy() for parameter in network.trunk.collect_params().values()]
    before = Scorer(network.plain(), mx.cpu()).distmat(pictures()[::2], pictures()[1::2])
    directions = start_as_metric(network, pairs, rng)
    for parameter, value in zip(network.trunk.collect_params().values(), trunk):
        np.testing.assert_array_equal(parameter.data().asnumpy(), value)
    distmat = Scorer(network.plain(), mx.cpu()).distmat(pictures()[::2], pictures()[1::2])

    values = np.concatenate([pool4(network, images) for images in (pictures(), pictures()[:, :, ::-1])])
    same = np.tile(np.eye(PEOPLE, dtype=bool).ravel(), 2)
    values -= values[same].mean(axis=0)
    intra, extra = (values[some].T @ values[some] / some.sum() for some in (same, ~same))
    intra += REGULARISATION * np.trace(extra) / len(extra) * np.eye(len(intra))
    powers, vectors = eigh(extra, intra)
    kept = powers > 1
    metric = ((values[: PEOPLE**2] @ vectors[:, kept]) ** 2) @ (1 - 1 / powers[kept])
    assert abs(directions - kept.sum()) <= 0.2 * kept.sum()  # fitted to a sample of the pairs here
    assert spearmanr(metric, distmat.ravel()).statistic > 0.9
    rank1 = [np.mean(found.argmin(axis=1) == np.arange(PEOPLE)) for found in (before, distmat)]
    assert rank1[1] > rank1[0] + 0.2


def test_with_and_without_normalisation_the_same_head():
    logits = []
    images = mx.nd.array(pictures().transpose(0, 3, 1, 2))
    for normalise in (0.0, 0.3):
        network, _, rng = network_and_pairs(normalise=normalise)
        other, pairs, _ = network_and_pairs()
        for (weight, bias, norm), (of_weight, of_bias, _) in zip(network.layers()[:4], other.layers()):
            weight.set_data(of_weight.data())
            bias.set_data(of_bias.data())
            if norm is not None:  # a trunk that normalises by nothing
                norm.running_var.set_data(mx.nd.ones_like(norm.running_var.data()) * 0.3**2 - 1e-5)
        start_as_metric(network, pairs, rng)
        logits.append(network(images[::2], images[1::2]).asnumpy())
    np.testing.assert_allclose(*logits, rtol=1e-3, atol=1e-3)


def test_few_units_take_the_strongest_directions():
    network, pairs, rng = network_and_pairs(units=(6, 5, 4))
    assert start_as_metric(network, pairs, rng) == 3
    distmat = Scorer(network, mx.cpu()).distmat(pictures()[::2], pictures()[1::2])
    assert np.isfinite(distmat).all() and distmat.std() > 0


@pytest.mark.parametrize("normalise", [0.0, 0.3])
def test_a_channel_that_shows_nothing_does_no_harm(normalise):
    network, _, rng = network_and_pairs(normalise=normalise)
    weight = network.trunk.layers[-1].weight
    weight.set_data(weight.data() * mx.nd.array([1, 1, 1, 0]).reshape((4, 1, 1, 1)))
    images = pictures()
    pairs = MapPairs(
        network,
        SAMPLES,
        range(len(SAMPLES)),
        lambda rows: images[rows],
        False,
        rng,
        Execution(mx.cpu(), progress=False),
    )
    start_as_metric(network, pairs, rng)
    for net in (network, network.plain()):
        distmat = Scorer(net, mx.cpu()).distmat(images[::2], images[1::2])
        assert np.isfinite(distmat).all() and distmat.std() > 0
        rank1 = np.mean(distmat.argmin(axis=1) == np.arange(PEOPLE))
        assert rank1 > 0.3
