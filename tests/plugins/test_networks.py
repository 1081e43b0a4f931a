"""The bundled networks, small, against the contract; and what is particular to the strong one."""

import numpy as np
import pytest
from gpnet_networks.personnet_strong import PersonNetStrong

from gluon_personnet.network.backend import mx
from gluon_personnet.network.weights import initialise
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.testing import check_network
from gluon_personnet.training.classifier import Classifier

SMALL = {
    "personnet": {"channels": 4, "units": [16, 16, 8], "standardise": True},
    "personnet-strong": {"channels": 4, "compare_channels": 4, "embedding_units": 8, "units": 16},
    "joint-reid": {"height_px": 40, "width_px": 30},
    "fpnn": {"height_px": 40, "width_px": 30, "filters": 8, "units": 8},
    "dml": {"units": 8},
    "backbone": {"backbone": "mobilenetv2_0.25", "height_px": 64, "width_px": 32, "stripes": 2, "units": 8},
}


@pytest.mark.parametrize("name", [entry.name for entry in PluginManager().entries("networks")])
def test_contract(name):
    entry = PluginManager().find("networks", name)
    check_network(lambda: entry.build(**SMALL[name]))


def test_contract_of_personnet_with_normalisation():
    entry = PluginManager().find("networks", "personnet")
    check_network(lambda: entry.build(**{**SMALL["personnet"], "normalise": 0.5}))


def strong(**options):
    mx.random.seed(0)
    network = PersonNetStrong(**SMALL["personnet-strong"], **options)
    initialise(network, mx.cpu(), bias_range=0.5)
    return network


def pixels(count, seed=0):
    return mx.nd.array(np.random.default_rng(seed).integers(0, 256, (count, 3, 160, 60)))


def test_the_order_of_the_two_images_does_not_matter():
    network = strong()
    first, second = pixels(3), pixels(3, 1)
    forth, back = network(first, second).asnumpy(), network(second, first).asnumpy()
    np.testing.assert_allclose(forth, back, rtol=1e-4, atol=1e-5)
    assert np.abs(forth).max() > 1e-3


def test_the_order_matters_with_one_direction():
    check_network(lambda: PersonNetStrong(**SMALL["personnet-strong"], both_directions=False))
    network = strong(both_directions=False)
    first, second = pixels(3), pixels(3, 1)
    assert np.abs(network(first, second).asnumpy() - network(second, first).asnumpy()).max() > 1e-3


def test_standardised_pixels_forget_brightness_and_contrast():
    network = PluginManager().find("networks", "personnet").build(**SMALL["personnet"])
    mx.random.seed(0)
    initialise(network, mx.cpu())
    images, other = pixels(2), pixels(2, 1)
    plain = network(images, other).asnumpy()
    np.testing.assert_allclose(network(images * 0.5 + 20, other).asnumpy(), plain, rtol=2e-3, atol=1e-3)


def test_identification_is_cross_entropy_with_smoothed_labels():
    classifier = Classifier(4, weight=0.5, smoothing=0.2)
    initialise(classifier, mx.cpu())
    embedding, labels = np.random.default_rng(0).normal(size=(3, 6)), np.array([0, 3, 1])
    image_weights = np.array([0.5, 0.2, 0.3])
    found = classifier(*(mx.nd.array(values) for values in (embedding, labels, image_weights))).asscalar()
    logits = embedding @ classifier.logits.weight.data().asnumpy().T
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = np.full((3, 4), 0.2 / 4) + 0.8 * np.eye(4)[labels]
    assert found == pytest.approx(0.5 * -(target * log_p).sum(axis=1) @ image_weights, rel=1e-5)


def test_identification_from_maps_passes_a_hidden_layer_standardised_over_the_batch():
    classifier = Classifier(4, weight=1.0, smoothing=0.0, hidden_units=5)
    initialise(classifier, mx.cpu())
    maps, labels = np.random.default_rng(0).normal(size=(6, 2, 3, 2)), np.array([0, 3, 1, 2, 2, 0])
    image_weights = np.full(6, 1 / 6)
    found = classifier(*(mx.nd.array(values) for values in (maps, labels, image_weights))).asscalar()
    hidden = maps.reshape(6, -1) @ classifier.hidden.weight.data().asnumpy().T
    hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-5)
    logits = hidden @ classifier.logits.weight.data().asnumpy().T
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert found == pytest.approx(-log_p[np.arange(6), labels].mean(), rel=1e-5)
