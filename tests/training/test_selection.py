"""The weights that validate best over the whole run are kept, whatever a stage changes."""

import pytest

from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.training.held_out import Validation
from runs import assert_same_state, log
from tiny import settings

STAGES = settings(training__metric_head_at=0.5, training__validate_every=12)  # 8 steps, validated after each


@pytest.fixture
def train(gpnet, monkeypatch, tmp_path):
    """Train with validations that come out as told, in order; returns the events of the log but the losses."""

    def run(out, rates, options=STAGES):
        script = iter(rates)
        monkeypatch.setattr(Validation, "cmc", lambda self, scorer: {"1": next(script)})
        gpnet("train", "toy", "--quiet", "--out", out, *options)
        assert next(script, None) is None
        return [line for line in log(tmp_path / out) if line["event"] != "train"]

    return run


# validations after steps 1 to 4, the learned head and the fitted one before step 5, validations after steps 5 to 8
FITTED_IS_WORSE = [0.1, 0.2, 0.9, 0.5, 0.5, 0.4, 0.3, 0.6, 0.7, 0.8]
FITTED_IS_BETTER = [0.1, 0.2, 0.9, 0.5, 0.5, 0.6, 0.3, 0.6, 0.7, 0.8]


@pytest.mark.parametrize("rates, taken", [(FITTED_IS_WORSE, False), (FITTED_IS_BETTER, True)])
def test_a_stage_cannot_lose_the_best_weights(train, tmp_path, rates, taken):
    events = train("run", rates)
    (tried,) = (line for line in events if line["event"] == "metric head")
    assert (tried["learned"], tried["fitted"], tried["taken"]) == ({"1": 0.5}, {"1": rates[5]}, taken)
    record = Checkpoint.load_record(tmp_path / "run/best.npz")
    assert (record["step"], record["best"]["rank1"]) == (3, 0.9)
    assert Checkpoint.load_record(tmp_path / "run/checkpoint.npz")["metric_head"] is taken


def test_a_head_that_is_not_taken_leaves_no_trace(train, tmp_path):
    train("tried", FITTED_IS_WORSE)
    train("plain", FITTED_IS_WORSE[:4] + FITTED_IS_WORSE[6:], settings(training__validate_every=12))
    assert_same_state(tmp_path / "tried", tmp_path / "plain")


def test_a_fitted_head_that_validates_best_is_the_one_that_is_kept(train, tmp_path):
    rates = [0.1, 0.2, 0.3, 0.5, 0.5, 0.9, 0.3, 0.6, 0.7, 0.8]
    train("run", rates)
    assert Checkpoint.load_record(tmp_path / "run/best.npz")["best"] == {"score": 0.9, "rank1": 0.9, "step": 4}
