"""Shares of a batch, roles, and the launcher with processes that only pretend."""

import os
import signal
import sys
import threading

import numpy as np
import pytest

from gluon_personnet.core.errors import RecipeError, TrainingError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise, unique_parameters
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.training.classifier import Classifier
from gluon_personnet.training.distributed.launcher import LocalWorkers
from gluon_personnet.training.distributed.roles import Role, role_from_environment
from gluon_personnet.training.distributed.share import ALONE, Share
from gluon_personnet.training.optimizers import make_trainer
from gluon_personnet.training.sampling import PairSampler
from gluon_personnet.training.step import Step

RECIPE = """
dataset: {{name: none}}
training:
  {{pairs: 24, batch_pairs: {pairs}, negatives_per_positive: {random}, hard_negatives_per_positive: {hard},
    losses: {{pair-softmax: 0.5, ranking: 0.5, identification: 0.5}}}}
"""


class Recorder:
    """A worker of several that keeps what it was to sum."""

    def __init__(self, worker, workers):
        self.worker, self.workers = worker, workers

    def sum(self, arrays):
        self.arrays = [array.asnumpy().astype(np.float64) for array in arrays]


def gradients(group, text):
    """Gradients and loss of a group's member on the first batch of a recipe."""
    recipe = parse_recipe(text, "test")
    section = recipe.training
    mx.random.seed(3)
    network = PersonNet(channels=4, units=[16, 16, 8], dropout=0.0)
    initialise(network, mx.cpu())
    network.embedding = mx.gluon.nn.GlobalAvgPool2D()
    classifier = Classifier(9, 0.5, 0.1)
    initialise(classifier, mx.cpu())
    classifier(mx.nd.zeros((1, 4)), mx.nd.zeros(1), mx.nd.zeros(1))
    trainer = make_trainer({**unique_parameters(network), **unique_parameters(classifier)}, recipe.optimizer)
    step = Step(network, recipe, trainer, mx.cpu(), classifier, group)
    samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(9) for camid in range(2)]
    numbers = section.identities, section.negatives_per_positive, 0
    batch = PairSampler(samples, range(18), *numbers, hard=section.hard_negatives_per_positive).batch(5)
    pixels = np.random.default_rng(1).integers(0, 256, (18, 3, 160, 60)).astype(np.float32)
    step(batch, pixels[np.concatenate([batch.query_rows, batch.gallery_rows])], 0.0)
    return group.arrays


@pytest.mark.parametrize("pairs, random, hard", [(15, 2, 0), (14, 1, 0), (12, 1, 1), (20, 3, 1), (12, 3, 0), (9, 8, 0)])
@pytest.mark.parametrize("workers", [2, 3])
def test_gradients_of_all_shares_add_up_to_the_gradient_of_the_batch(pairs, random, hard, workers):
    """Of the pairs' loss and of the identification loss, for which each image counts once."""
    text = RECIPE.format(pairs=pairs, random=random, hard=hard)
    if pairs == 9:  # one identity, whose pairs cannot be shared
        with pytest.raises(RecipeError, match="1 identities for 2 workers; right: at least one identity for each"):
            Share(parse_recipe(text, "test").training, Recorder(0, 2))
        return
    whole = gradients(Recorder(0, 1), text)
    shares = [gradients(Recorder(worker, workers), text) for worker in range(workers)]
    for place, array in enumerate(whole):
        summed = sum(share[place] for share in shares)
        # float32 sums over some thousand places, in another order
        np.testing.assert_allclose(summed, array, rtol=1e-4, atol=1e-4 * np.abs(array).max())
        assert np.abs(shares[0][place] - array).max() > 1e-2 * np.abs(array).max()


def test_shares_have_the_same_shapes_in_every_step_and_only_the_images_they_need():
    section = parse_recipe(RECIPE.format(pairs=24, random=2, hard=0), "test").training
    samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(20) for camid in range(2)]
    sampler = PairSampler(samples, range(40), section.identities, section.negatives, 0)
    shares = [Share(section, Recorder(worker, 4)) for worker in range(4)]
    for step in range(5):
        batch = sampler.batch(step)
        pairs, counted = [], np.zeros(40)
        for share in shares:
            part, images, weights = share(batch, np.concatenate([batch.query_rows, batch.gallery_rows]))
            query, gallery = images[:2], images[2:]
            assert (len(part.query_rows), len(part.gallery_rows)) == (2, 6)  # 2 identities, each with 2 negatives
            assert (query == part.query_rows).all() and (gallery == part.gallery_rows).all()
            pairs += list(zip(query[part.query_index], gallery[part.gallery_index]))
            np.add.at(counted, images, weights)
            assert (part.query_index[:2] == [0, 1]).all()  # its positive pairs come first
        whole = zip(batch.query_rows[batch.query_index], batch.gallery_rows[batch.gallery_index])
        assert sorted(pairs) == sorted(whole)
        rows = np.concatenate([batch.query_rows, batch.gallery_rows])
        np.testing.assert_allclose(counted, np.isin(np.arange(40), rows) / len(rows))


def test_one_process_has_the_whole_batch():
    section = parse_recipe(RECIPE.format(pairs=24, random=2, hard=0), "test").training
    batch, images = object(), np.arange(5)
    assert Share(section, ALONE)(batch, images)[:2] == (batch, images)


def environment(**changes):
    values = {"ROLE": "worker", "PS_ROOT_URI": "127.0.0.1", "PS_ROOT_PORT": "9", "NUM_WORKER": "2", "NUM_SERVER": "1"}
    values = {**values, "WORKER_ID": "1", **changes}
    return {f"DMLC_{name}": value for name, value in values.items() if value is not None}


def role(monkeypatch, **changes):
    for name in [name for name in os.environ if name.startswith("DMLC_")]:
        monkeypatch.delenv(name)
    for name, value in environment(**changes).items():
        monkeypatch.setenv(name, value)
    return role_from_environment()


def test_roles(monkeypatch):
    assert role(monkeypatch, ROLE=None) is None
    assert role(monkeypatch) == Role("worker", 1, 2)
    assert role(monkeypatch, ROLE="server", WORKER_ID=None) == Role("server", 0, 2)


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"ROLE": "boss"}, "DMLC_ROLE: found 'boss'; right: scheduler, server or worker"),
        ({"PS_ROOT_URI": None}, "DMLC_PS_ROOT_URI is not set; right: the scheduler's address"),
        ({"NUM_WORKER": "two"}, "DMLC_NUM_WORKER: found 'two'; right: a whole number from 1"),
        ({"WORKER_ID": None}, "DMLC_WORKER_ID: found ''; right: a whole number from 0 to 1, another one for each"),
        ({"WORKER_ID": "2"}, "DMLC_WORKER_ID: found '2'; right: a whole number from 0 to 1, another one for each"),
    ],
)
def test_wrong_roles_are_named(monkeypatch, changes, text):
    with pytest.raises(TrainingError) as caught:
        role(monkeypatch, **changes)
    assert text in str(caught.value)


PRETEND = """
import os, signal
what = {roles}.get(os.environ["DMLC_ROLE"] + os.environ.get("DMLC_WORKER_ID", ""), 0)
def tell(*_):
    with open("{fifo}", "w") as fifo:
        fifo.write("x")
if what == "stop":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(130))
if what == "deaf":
    signal.signal(signal.SIGTERM, tell)
if what in ("stop", "deaf"):
    tell()
if what == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
while isinstance(what, str):
    signal.pause()
os._exit(what)
"""


def launch(fifo="", **roles):
    """Run two workers, of which each process ends with a code, waits, is killed, or stops when asked, or does not."""
    return LocalWorkers([sys.executable, "-S", "-c", PRETEND.format(roles=roles, fifo=fifo)], 2, 1)


def test_launcher_returns_what_the_workers_say():
    assert launch().run() == 0
    assert launch(worker1=1, worker0="wait", server="wait", scheduler="wait").run() == 1
    assert launch(worker0=130, worker1=130).run() == 130


@pytest.mark.parametrize(
    "roles, text",
    [
        ({"worker1": "killed", "worker0": "wait"}, "training worker 1 was lost (killed by SIGKILL)"),
        ({"worker0": 7, "worker1": "wait"}, "training worker 0 was lost (exit code 7)"),
        ({"server": "killed", "worker0": "wait", "worker1": "wait"}, "parameter server was lost (killed by SIGKILL)"),
    ],
)
def test_launcher_names_the_lost_and_ends_all_others(roles, text):
    group = launch(scheduler="wait", **roles)
    with pytest.raises(TrainingError) as caught:
        group.run()
    assert str(caught.value) == f"{text}; the others have been ended"
    assert all(child.process.returncode is not None for child in group._children)


@pytest.mark.parametrize("worker0, worker1, presses", [("stop", 130, 1), ("deaf", "wait", 2)])
def test_first_ctrl_c_asks_worker_0_and_the_second_kills(tmp_path, worker0, worker1, presses):
    fifo, before = tmp_path / "fifo", signal.getsignal(signal.SIGINT)
    os.mkfifo(fifo)

    def interrupt():
        for _ in range(presses):
            fifo.read_text()  # worker 0 is ready, or was asked and does not stop
            # as when it arrives just before the main thread begins to wait: nothing wakes that thread
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert launch(fifo, worker0=worker0, worker1=worker1).run() == 130
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
