"""Optimizers, schedules, checkpoints and the training step."""

import numpy as np
import pytest

from gluon_personnet.core.errors import CheckpointError, RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise, set_parameters, unique_parameters
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.recipe.sections import OptimizerSection
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.training.batches import Batches
from gluon_personnet.training.distributed.share import ALONE
from gluon_personnet.training.look_alikes import find_look_alikes
from gluon_personnet.training.optimizers import OPTIMIZERS, make_trainer
from gluon_personnet.training.sampling import PairBatch, PairSampler
from gluon_personnet.training.step import Step


def steps_on(section, gradients, start=(1.0, -2.0, 0.5)):
    """Weights after each step of an optimizer that is handed these gradients."""
    weight = mx.gluon.Parameter("some_weight", shape=(3,))
    weight.initialize(mx.init.Zero())
    weight.set_data(mx.nd.array(start))
    trainer = make_trainer({"weight": weight}, section)
    seen = []
    for gradient in gradients:
        with mx.autograd.record():
            loss = (weight.data() * mx.nd.array(gradient)).sum()
        loss.backward()
        trainer.step(1)
        seen.append(weight.data().asnumpy().copy())
    return np.array(seen)


GRADIENTS = np.random.default_rng(0).normal(0, 1e-3, (5, 3))


def test_rmsprop_in_the_form_of_the_paper():
    rate, decay, mu, l2 = 1e-2, 0.9, 1e-3, 0.1
    found = steps_on(OptimizerSection("rmsprop", rate, l2, {"decay": decay, "mu": mu}), GRADIENTS)
    weight, mean_square = np.array([1.0, -2.0, 0.5]), 0.0
    for row, gradient in zip(found, GRADIENTS):
        gradient = gradient + l2 * weight
        mean_square = decay * mean_square + (1 - decay) * gradient**2
        weight = weight - rate * gradient / (np.sqrt(mean_square) + mu)
        np.testing.assert_allclose(row, weight, rtol=1e-5)


def test_rmsprop_of_mxnet_puts_epsilon_inside_the_root():
    rate, smoothing = 1e-2, 1e-3
    found = steps_on(OptimizerSection("rmsprop-mxnet", rate, 0.0, {"epsilon": smoothing}), GRADIENTS)
    paper = steps_on(OptimizerSection("rmsprop", rate, 0.0, {"mu": smoothing}), GRADIENTS)
    weight, mean_square = np.array([1.0, -2.0, 0.5]), 0.0
    for row, gradient in zip(found, GRADIENTS):
        mean_square = 0.9 * mean_square + 0.1 * gradient**2
        weight = weight - rate * gradient / np.sqrt(mean_square + smoothing)
        np.testing.assert_allclose(row, weight, rtol=1e-5)
    # sqrt(MS) is about 1e-3 here: dividing by it + 1e-3 or by sqrt(1e-6 + 1e-3) are far apart
    assert np.abs(found - [1.0, -2.0, 0.5]).max() < 0.3 * np.abs(paper - [1.0, -2.0, 0.5]).max()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_downhill_and_spares_biases_from_l2(name):
    found = steps_on(OptimizerSection(name, 1e-3, 0.0), [[1.0, -1.0, 1.0]] * 3)
    moved = found[-1] - [1.0, -2.0, 0.5]
    assert (np.sign(moved) == [-1, 1, -1]).all()
    bias = mx.gluon.Parameter("some_bias", shape=(3,))
    bias.initialize()
    make_trainer({"bias": bias}, OptimizerSection(name, 1e-3, 0.5))
    assert bias.wd_mult == 0.0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_wide_layers_of_the_head_learn_at_a_rate_by_their_inputs(name):
    shapes = {
        "head.dense.0.weight": (2, 1152),
        "head.dense.0.bias": (2,),
        "head.logits.weight": (2, 100),
        "head.conv4.weight": (2, 64, 3, 3),
        "trunk.layers.0.weight": (2, 1152),
    }
    weights = {}
    for key, shape in shapes.items():
        weights[key] = mx.gluon.Parameter(key.replace(".", "_"), shape=shape)
        weights[key].initialize(mx.init.Zero())
    trainer = make_trainer(weights, OptimizerSection(name, 1e-2, 0.0, rate_by_inputs=True))
    with mx.autograd.record():
        loss = sum(weight.data().sum() for weight in weights.values())
    loss.backward()
    trainer.step(1)
    moved = [weight.data().asnumpy().ravel()[0] for weight in weights.values()]
    assert moved[-1] < 0
    np.testing.assert_allclose(np.array(moved) / moved[-1], [0.25, 0.25, 1, 1, 1], rtol=1e-5)


@pytest.mark.parametrize(
    "section, text",
    [
        (OptimizerSection("rmsprob"), "did you mean 'rmsprop'?"),
        (OptimizerSection("sgd", options={"momentun": 0.9}), "did you mean 'momentum'?"),
        (OptimizerSection("sgd", options={"momentum": "much"}), "found 'much'; right: a number"),
    ],
)
def test_wrong_optimizers_are_named(section, text):
    with pytest.raises(RecipeError) as caught:
        make_trainer({}, section)
    assert text in str(caught.value)


def test_checkpoint_reads_back(tmp_path):
    arrays = {"parameter/a": np.arange(6.0).reshape(2, 3), "optimizer/a/0": np.float32([1, 2])}
    Checkpoint({"step": 3, "recipe": {"x": [1]}}, arrays).save(tmp_path / "c.npz")
    loaded = Checkpoint.load(tmp_path / "c.npz")
    assert loaded.record == {"step": 3, "recipe": {"x": [1]}}
    np.testing.assert_array_equal(loaded.group("parameter")["a"], arrays["parameter/a"])
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]


def damaged(data, how):
    return {
        "empty": b"",
        "text": b"not a checkpoint",
        "truncated": data[: len(data) // 2],
        "flipped": data[:300] + bytes([data[300] ^ 1]) + data[301:],
    }[how]


@pytest.mark.parametrize("how", ["empty", "text", "truncated", "flipped"])
def test_damaged_checkpoints_are_refused(tmp_path, how):
    path = tmp_path / "c.npz"
    Checkpoint({"step": 3}, {"parameter/a": np.arange(600.0)}).save(path)
    path.write_bytes(damaged(path.read_bytes(), how))
    with pytest.raises(CheckpointError, match="c.npz: damaged or not a checkpoint"):
        Checkpoint.load(path)


def test_checkpoints_with_pickles_or_of_other_formats_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", record=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        Checkpoint.load(tmp_path / "p.npz")
    np.savez(tmp_path / "f.npz", record=np.frombuffer(b'{"format": 99}', np.uint8))
    with pytest.raises(CheckpointError, match="found format 99; right: 1"):
        Checkpoint.load(tmp_path / "f.npz")
    with pytest.raises(CheckpointError, match="not found"):
        Checkpoint.load(tmp_path / "none.npz")


def test_failed_save_keeps_the_old_checkpoint(tmp_path):
    path = tmp_path / "c.npz"
    Checkpoint({"step": 1}, {}).save(path)
    with pytest.raises(TypeError):
        Checkpoint({"step": object()}, {}).save(path)
    assert Checkpoint.load(path).record["step"] == 1
    assert [found.name for found in tmp_path.iterdir()] == ["c.npz"]


def test_parameters_of_another_network_are_refused():
    small, large = (PersonNet(channels=4, units=[8, 8, 4], height_px=height) for height in (160, 128))
    for network in (small, large):
        initialise(network, mx.cpu())
    arrays = {name: p.data().asnumpy() for name, p in unique_parameters(small).items()}
    with pytest.raises(CheckpointError, match="another network or input size: head.dense.0.weight has shape"):
        set_parameters(unique_parameters(large), arrays, "checkpoint x")
    with pytest.raises(CheckpointError, match="is in one of the two only"):
        set_parameters(unique_parameters(large), {}, "checkpoint x")


TINY = """
dataset: {{name: none}}
training: {{pairs: 24, batch_pairs: 24, negatives_per_positive: 2,
            losses: {{pair-softmax: {softmax}, ranking: {ranking}}}}}
"""


def tiny_step(ranking=0.0):
    recipe = parse_recipe(TINY.format(softmax=1 - ranking, ranking=ranking), "test")
    mx.random.seed(0)
    network = PersonNet(channels=4, units=[16, 16, 8], dropout=0.0)
    initialise(network, mx.cpu())
    trainer = make_trainer(unique_parameters(network), recipe.optimizer)
    return network, Step(network, recipe, trainer, mx.cpu())


def batch_of(identities, random, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2, identities, 3, 160, 60)).astype(np.float32)
    everyone = np.arange(identities)
    partners = [(everyone + shift) % identities for shift in range(random + 1)]
    query_index = np.tile(everyone, random + 1)
    gallery_index = np.concatenate(partners).astype(np.int32)
    return PairBatch(everyone, everyone, query_index.astype(np.int32), gallery_index, everyone), images


@pytest.mark.parametrize("ranking", [0.0, 0.25, 1.0])
def test_loss_of_pairs_and_of_ranking_is_as_defined_and_falls(ranking):
    network, step = tiny_step(ranking)
    batch, images = batch_of(8, 2)
    logits = network(*(mx.nd.array(i[index]) for i, index in zip(images, (batch.query_index, batch.gallery_index))))
    nll = -mx.nd.log_softmax(logits).asnumpy()
    same_or_different = (nll[:8, 1].mean() + nll[8:, 0].mean()) / 2  # both kinds count alike
    margins = (logits[:, 1] - logits[:, 0]).asnumpy()
    lists = [margins[batch.query_index == query] for query in range(8)]  # a query's own gallery image comes first
    of_ranking = np.mean([np.log(np.exp(one).sum()) - one[0] for one in lists])
    expected = (1 - ranking) * same_or_different + ranking * of_ranking
    losses = [step(batch, np.concatenate(images), 1e-3).asscalar() for number in range(30)]
    np.testing.assert_allclose(losses[0], expected, rtol=1e-4)
    assert losses[-1] < 0.5 * losses[0]


def test_look_alikes_are_the_identities_nearest_by_the_networks_own_distances():
    network, _ = tiny_step()
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 160, 60, 3), dtype=np.uint8)
    scorer = Scorer(network, mx.cpu())
    found = find_look_alikes(scorer, *images)
    distmat = scorer.distmat(*images)
    np.fill_diagonal(distmat, np.inf)
    assert (found.dtype, found.shape) == (np.int32, (12, 8))
    # 11 others are fewer than the shortlist: all are scored
    np.testing.assert_array_equal(found, np.argsort(distmat, axis=1, kind="stable")[:, :8])


class Pictures:
    """One picture a row, in the place of a cache."""

    def __init__(self, count):
        self.all = np.random.default_rng(1).integers(0, 256, (count, 40, 20, 3), dtype=np.uint8)

    def images(self, rows):
        return self.all[rows]


@pytest.mark.parametrize("until, changed", [(0.0, 0), (0.45, 4), (1.0, 10)])
def test_augmentation_ends_at_its_share_of_the_training_but_for_mirroring(until, changed):
    samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(8) for camid in (0, 1)]
    sampler, pictures = PairSampler(samples, range(16), 6, 1, seed=1), Pictures(16)
    options = f"{{translation: 0.1, colour: 0.2, erasing: 1.0, until: {until}}}"
    text = f"dataset: {{name: toy}}\ntraining: {{pairs: 120, batch_pairs: 12}}\naugmentation: {options}"
    recipe = parse_recipe(text, "test")
    found = list(Batches(recipe, sampler, pictures, None, mx.cpu(), ALONE).run(0, 10))
    assert [step for step, _, _ in found] == list(range(10))
    for step, batch, images in found:
        rows = np.concatenate([batch.query_rows, batch.gallery_rows])
        plain = pictures.images(rows).transpose(0, 3, 1, 2)
        as_it_is, mirror = ((images == one).all(axis=(1, 2, 3)) for one in (plain, plain[..., ::-1]))
        assert (as_it_is | mirror).tolist() == [step >= changed] * len(rows)
        assert step < changed or 0 < mirror.sum() < len(rows)
