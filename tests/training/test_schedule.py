"""Learning rates along a run."""

import numpy as np
import pytest

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.recipe.sections import ScheduleSection
from gluon_personnet.training.schedule import make_schedule


def rates(name, steps=100, **options):
    schedule = make_schedule(ScheduleSection(name, options), 0.5, steps)
    return np.array([schedule.rate(step) for step in range(steps)])


def test_planned_schedules():
    assert (rates("constant") == 0.5).all()
    step = rates("step", at=[0.5, 0.75], factor=0.1)
    np.testing.assert_allclose(step[[0, 49, 50, 74, 75, 99]], [0.5, 0.5, 0.05, 0.05, 0.005, 0.005])
    cosine = rates("cosine", warmup=0.1, final=0.1)
    assert (np.diff(cosine[:10]) > 0).all() and (np.diff(cosine[11:]) <= 0).all()
    np.testing.assert_allclose(cosine[[10, -1]], [0.5, 0.05], rtol=0.02)
    np.testing.assert_allclose(rates("linear")[[0, 50]], [0.5, 0.25], rtol=0.03)


@pytest.mark.parametrize("name", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("steps, warmup", [(1, 0.0), (1, 0.9), (2, 0.5), (20, 0.05), (20, 0.1)])
def test_planned_schedules_of_few_steps(name, steps, warmup):
    found = rates(name, steps, warmup=warmup)
    assert np.isfinite(found).all() and found.max() == 0.5


def test_inverse_decay_is_that_of_its_formula():
    schedule = make_schedule(ScheduleSection("inverse", {"gamma": 1e-3, "power": 0.5}), 0.01, 100)
    assert [schedule.rate(step) for step in (0, 3000)] == pytest.approx([0.01, 0.005])


def test_plateau_divides_when_rank1_stops_improving():
    schedule = make_schedule(ScheduleSection("plateau", {"factor": 0.1, "patience": 2}), 0.05, 100)
    seen = []
    for rank1 in (0.1, 0.2, 0.2, 0.19, 0.3, 0.3, 0.3):
        schedule.validated(rank1)
        seen.append(schedule.rate(0))
    np.testing.assert_allclose(seen, [0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.0005])


@pytest.mark.parametrize(
    "section, text",
    [
        (ScheduleSection("cosin"), "did you mean 'cosine'?"),
        (ScheduleSection("step", {"factr": 0.1}), "did you mean 'factor'?"),
        (ScheduleSection("step", {"at": [0.7, 0.5]}), "schedule.options.at: found [0.7, 0.5]"),
        (ScheduleSection("plateau", {"patience": 0}), "patience: found 0"),
        (ScheduleSection("cosine", {"warmup": 1.0}), "warmup: found 1.0; right: a number in [0, 1)"),
    ],
)
def test_wrong_schedules_are_named(section, text):
    with pytest.raises(RecipeError) as caught:
        make_schedule(section, 0.1, 100)
    assert text in str(caught.value)
