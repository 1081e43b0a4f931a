"""Losses of embeddings against loops, which losses go with which network, and decoupled weight decay."""

import numpy as np
import pytest

from embedding_network import TinyEmbedding
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.training import losses
from gluon_personnet.training.optimizers import make_trainer

LABELS = np.array([0, 0, 1, 1, 2, 2, 2])
FEATURES = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)


def soft(x):
    return np.log1p(np.exp(x))


def triplet_by_loops(features, labels):
    found = []
    for one, label in zip(features, labels):
        distances = np.linalg.norm(features - one, axis=1)
        found.append(soft(distances[labels == label].max() - distances[labels != label].min()))
    return np.mean(found)


def deviance_by_loops(features, labels):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    positive, negative = [], []
    for one in range(len(unit)):
        for other in range(len(unit)):
            similarity = unit[one] @ unit[other]
            if one != other and labels[one] == labels[other]:
                positive.append(soft(-2 * (similarity - 0.5)))
            elif labels[one] != labels[other]:
                negative.append(soft(2 * 2 * (similarity - 0.5)))
    return np.mean(positive) + np.mean(negative)


@pytest.mark.parametrize(
    "loss, by_loops",
    [(losses.triplet, triplet_by_loops), (losses.binomial_deviance, deviance_by_loops)],
    ids=["triplet", "binomial-deviance"],
)
class TestOfEmbeddings:
    def test_is_as_defined(self, loss, by_loops):
        found = loss(mx.nd.array(FEATURES), mx.nd.array(LABELS)).asscalar()
        assert found == pytest.approx(by_loops(FEATURES.astype(np.float64), LABELS), rel=1e-4)

    def test_the_order_of_the_batch_does_not_matter(self, loss, by_loops):
        order = np.random.default_rng(1).permutation(7)
        found, other = (
            loss(mx.nd.array(FEATURES[rows]), mx.nd.array(LABELS[rows])).asscalar() for rows in (slice(None), order)
        )
        assert found == pytest.approx(other, rel=1e-5)

    def test_gradient_is_that_of_finite_differences(self, loss, by_loops):
        features = mx.nd.array(FEATURES)
        features.attach_grad()
        with mx.autograd.record():
            value = loss(features, mx.nd.array(LABELS))
        value.backward()
        exact, step = FEATURES.astype(np.float64), 1e-5
        for place in np.ndindex(*exact.shape):
            there, back = exact.copy(), exact.copy()
            there[place] += step
            back[place] -= step
            slope = (by_loops(there, LABELS) - by_loops(back, LABELS)) / (2 * step)
            assert features.grad.asnumpy()[place] == pytest.approx(slope, abs=2e-4)


PAIR, EMBEDDING = PersonNet(depth=7, height_px=60, width_px=40), TinyEmbedding()


def weights(network, text):
    return losses.loss_weights(network, parse_recipe(f"dataset: {{name: toy}}\ntraining: {text}", "x").training)


@pytest.mark.parametrize(
    "network, text, right",
    [
        (PAIR, "{pairs: 12, batch_pairs: 12}", {"pair-softmax": 1}),
        (PAIR, "{pairs: 12, losses: {ranking: 2, identification: 0}}", {"ranking": 2}),
        (EMBEDDING, "{pairs: 12}", {"identification": 1, "triplet": 1}),
        (EMBEDDING, "{pairs: 12, losses: {binomial-deviance: 0.5}}", {"binomial-deviance": 0.5}),
    ],
)
def test_weights_are_those_of_the_recipe_or_the_networks_own(network, text, right):
    assert weights(network, text) == right


@pytest.mark.parametrize(
    "network, text, message",
    [
        (PAIR, "{triplet: 1}", "training.losses.triplet: not a loss of a network for pairs"),
        (EMBEDDING, "{ranknig: 1}", "training.losses.ranknig: not a loss of an embedding network"),
        (PAIR, "{identification: 1}", "right: one of pair-softmax, ranking, identification"),
        (EMBEDDING, "{triplet: 0}", "right: one of triplet, binomial-deviance, identification"),
        (EMBEDDING, "{triplet: -1}", "training.losses.triplet: found -1; right: a weight, at least 0"),
        (EMBEDDING, "{triplet: much}", "losses.triplet: found 'much'"),
    ],
)
def test_losses_that_mean_nothing_are_refused(network, text, message):
    with pytest.raises(RecipeError, match=message):
        weights(network, f"{{pairs: 12, losses: {text}}}")


@pytest.mark.parametrize(
    "text, message",
    [
        ("{sampler: identity, pairs: 12}", "training.sampler: found 'identity'; did you mean 'identities'"),
        ("{sampler: identities, pairs: 12}", "training.images: found 0; right: at least 1 with sampler identities"),
        ("{images: 12}", "training.pairs: found 0; right: at least 1 with sampler balanced-pairs"),
        (
            "{pairs: 12, images: 9}",
            "training.images: found 9 with sampler balanced-pairs, which counts pairs",
        ),
        ("{sampler: identities, images: 9, pairs: 12}", "training.pairs: found 12 with sampler identities"),
        ("{sampler: identities, images: 9, batch_images: 9}", "found 9; right: a multiple of 4"),
        ("{sampler: identities, images: 9, batch_images: 4}", "of at least two identities"),
        ("{sampler: identities, images: 9, hard_negatives_per_positive: 1}", "found 1 with sampler identities"),
    ],
)
def test_samplers_that_do_not_go_with_the_rest_are_refused(text, message):
    with pytest.raises(RecipeError, match=message):
        parse_recipe(f"dataset: {{name: toy}}\ntraining: {text}", "x")


def test_adamw_shrinks_weights_beside_the_running_means():
    text = "dataset: {name: toy}\ntraining: {pairs: 12}\noptimizer: {name: adamw, learning_rate: 0.01, l2: 0.1}"
    dense = mx.gluon.nn.Dense(1, in_units=3, prefix="dense_")
    dense.initialize(mx.init.One())
    trainer = make_trainer(dense._collect_params_with_prefix(), parse_recipe(text, "x").optimizer)
    weight, mean, square = np.ones(3), np.zeros(3), np.zeros(3)
    for step, gradient in enumerate(([1.0, -2.0, 0.0], [3.0, 1.0, 0.5], [0.1, 0.1, -4.0]), 1):
        gradient = np.array(gradient)
        with mx.autograd.record():
            output = dense(mx.nd.array(gradient).reshape((1, 3)))
        output.backward()
        trainer.step(1)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        adam = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weight = weight - 0.01 * adam - 0.01 * 0.1 * weight
        np.testing.assert_allclose(dense.weight.data().asnumpy()[0], weight, rtol=1e-5)
