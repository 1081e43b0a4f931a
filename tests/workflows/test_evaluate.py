"""The Python API: load, evaluate and train, and where results are written."""

import json

import pytest

from gluon_personnet import evaluate, load, train
from gluon_personnet.core.errors import CheckpointError, GpnetError, RecipeError
from gluon_personnet.methods.session import TaskChoice, open_session
from gluon_personnet.workflows.evaluate import settings_suffix, tasks_of, write_results
from tiny import TINY

PEOPLE = TaskChoice("toy", splits="0,1", options={"identities": 20, "test_identities": 8})


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return open_session(progress=False)


def test_a_baseline_by_name_and_as_a_method_give_one_report(session):
    by_name = evaluate("euclid", ["single-shot", "market1501"], task=PEOPLE, session=session)
    method = load("euclid", session=session)
    assert evaluate(method, ["single-shot", "market1501"], task=PEOPLE, session=session) == by_name
    assert [result["protocol"] for result in by_name["results"]] == ["single-shot", "market1501"]
    assert [part["number"] for part in by_name["results"][0]["splits"]] == [0, 1]
    assert by_name["results"][0]["chance"]["1"]["mean"] == pytest.approx(1 / 8, abs=0.05)


def test_options_reach_method_and_protocol(session):
    plain = evaluate("euclid", task=PEOPLE, session=session)
    few = evaluate("euclid", task=PEOPLE, session=session, protocol_options={"trials": 2})
    assert (plain["results"][0]["repeats"], few["results"][0]["repeats"]) == (10, 2)
    assert few["settings"]["protocol_options"] == {"single-shot": {"trials": 2}}
    expanded = load("euclid", session=session, options={"query_expansion": 2})
    card = evaluate(expanded, task=PEOPLE, session=session)["origin"]
    assert "2 nearest" in card["query expansion"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda session: load("nobody", session=session), "method 'nobody': neither a run nor a baseline nor a file"),
        (
            lambda session: load("euclid", session=session, options={"mirrored": True}),
            "--mirrored: not an option of it",
        ),
        (lambda session: evaluate("euclid", session=session), "method 'euclid': needs a data set"),
        (lambda session: evaluate("euclid", "nothing", task=PEOPLE, session=session), "no protocol is named 'nothing'"),
        (
            lambda session: evaluate("euclid", task=PEOPLE, session=session, protocol_options={"nothing": 1}),
            "nothing: no option of single-shot",
        ),
    ],
)
def test_mistakes_are_one_line(session, call, message):
    with pytest.raises(GpnetError, match=message) as caught:
        call(session)
    assert len(str(caught.value).splitlines()) == 1


def test_a_run_is_trained_loaded_and_evaluated_on_its_own_task(session):
    run = train("toy", "runs/a", overrides=[f"{key}={value}" for key, value in TINY.items()], session=session)
    report = evaluate(str(run.path), session=session)
    assert report["origin"]["recipe"]["dataset"]["name"] == "toy"
    assert report["results"][0]["queries"]["used"] == 12
    with pytest.raises(CheckpointError, match="exists; add --resume"):
        train("toy", "runs/a", session=session)
    with pytest.raises(RecipeError, match="--query-expansion: not an option of it"):
        load("runs/a", session=session, options={"query_expansion": 2})


def test_one_file_for_each_protocol_and_each_choice_of_settings(session, tmp_path):
    both = evaluate("euclid", ["single-shot", "market1501"], task=PEOPLE, session=session)
    seeded = evaluate("euclid", ["single-shot"], task=PEOPLE, session=session, seed=3)
    written = write_results(both, tmp_path / "a") + write_results(seeded, tmp_path / "a")
    names = [path.name for path in written]
    assert len(set(names)) == 3 and names[1].startswith("market1501")
    for path in written:
        (result,) = json.loads(path.read_text())["results"]
        assert path.name.startswith(result["protocol"])
    assert settings_suffix({}) == "" and settings_suffix({"seed": 3}) != settings_suffix({"seed": 4})


def test_tasks_that_are_given_win(session):
    tasks = session.tasks(PEOPLE.dataset, PEOPLE.options, PEOPLE.splits)
    assert tasks_of(load("euclid", session=session), tasks) is tasks
