"""Evaluate any method: one road from a task to results."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.core.files import write_json
from gluon_personnet.core.runs import ROOT
from gluon_personnet.data.task import Task
from gluon_personnet.evaluation import protocols as measuring
from gluon_personnet.evaluation.agreement import agreement, cmc_changes, recall
from gluon_personnet.evaluation.measured import Measured
from gluon_personnet.evaluation.protocols import Protocols, build_protocols
from gluon_personnet.methods.base import Method, measure
from gluon_personnet.methods.from_file import load_distances
from gluon_personnet.methods.opening import open_method
from gluon_personnet.methods.session import Session, TaskChoice, open_session
from gluon_personnet.methods.trained import TrainedNetwork


def load(
    method: str, *, session: Optional[Session] = None, options: Optional[Mapping[str, Any]] = None
) -> Union[Method, Measured]:
    """The method of that name.

    Parameters
    ----------
    method : str
        As ``gpnet evaluate --method`` takes it: a baseline, a YAML file, a run, or an npz file of distances.
    session : Session, optional
    options : mapping, optional
        Of the method, such as ``{"mirrored": True}`` for a run or ``{"query_expansion": 5}`` for a baseline.

    Returns
    -------
    Method, or Measured for a file of distances

    Raises
    ------
    GpnetError
        If there is none of that name, or it does not know one of the options.
    """
    if method.endswith(".npz"):
        return load_distances(method)
    return open_method(method, session or open_session(), options)


def evaluate(
    method: Union[str, Method, Measured],
    protocol: Union[str, Sequence[str], None] = "single-shot",
    *,
    task: Optional[TaskChoice] = None,
    protocol_options: Optional[Mapping[str, Any]] = None,
    rerank: Any = None,
    seed: int = 0,
    session: Optional[Session] = None,
) -> Dict[str, Any]:
    """Evaluate a method, or distances.

    Parameters
    ----------
    method : str, Method or Measured
        A name as for :func:`load`, or what that returns.
    protocol : str, sequence of str, or None
        Names of protocols; None for every one that defines a CMC and applies to the data.
    task : TaskChoice, optional
        Data set and splits; by default what a run was trained for. Distances need none.
    protocol_options : mapping, optional
        Options for the protocols, such as ``{"trials": 20}``.
    rerank : KReciprocal, optional
    seed : int
        For the random choices of the protocols.
    session : Session, optional

    Returns
    -------
    dict
        Results in JSON types, figures as fractions; see :func:`gluon_personnet.evaluation.protocols.evaluate`.

    Raises
    ------
    GpnetError
        For anything that cannot be measured, in one line.
    """
    session = session or open_session()
    opened = load(method, session=session) if isinstance(method, str) else method
    names = [protocol] if isinstance(protocol, str) else protocol
    chosen = build_protocols(session.manager, names, given=protocol_options, rerank=rerank)
    if isinstance(opened, Measured):
        return evaluate_measured([opened], chosen, seed)
    tasks = session.tasks(task.dataset, task.options, task.splits) if task else None
    return evaluate_method(opened, tasks_of(opened, tasks), chosen, seed)


def tasks_of(method: Method, tasks: Optional[Sequence[Task]] = None) -> Sequence[Task]:
    """The tasks given, or else the one that a trained network was made for.

    Raises
    ------
    RecipeError
        If there are neither.
    """
    if tasks:
        return tasks
    if isinstance(method, TrainedNetwork):
        return method.tasks()
    raise RecipeError(f"method {method.name!r}: needs a data set; give --dataset")


def evaluate_method(
    method: Method,
    tasks: Sequence[Task],
    protocols: Protocols,
    seed: int = 0,
    compare_with: Optional[Method] = None,
    chosen: Optional[Mapping[str, Any]] = None,
) -> Dict[str, Any]:
    """Measure a method on every task, and evaluate.

    Parameters
    ----------
    method : Method
    tasks : sequence of Task
    protocols : Protocols
    seed : int
    compare_with : Method, optional
        The same network in float32, to say how far a reduced precision agrees with it.
    chosen : mapping, optional
        Options of the method that are not as they are by default, for the record.

    Returns
    -------
    dict
        Results as of :func:`gluon_personnet.evaluation.protocols.evaluate`. In its ``origin`` stand also ``cost`` (of
        each split, as measured when its distances were computed), ``published`` and ``fidelity`` of a baseline, and of
        a run ``recipe`` and ``shortlist``. ``agreement`` is there where precisions are compared.
    """
    parts = measure_parts(method, tasks)
    report = evaluate_measured(parts, protocols, seed)
    numbers = [task.number for task in tasks]
    if chosen:
        report["settings"].update(chosen)
    if not isinstance(method, TrainedNetwork) and numbers != [0]:
        report["settings"]["splits"] = numbers
    origin = report["origin"]
    origin["cost"] = [dict(part.cost) for part in parts]
    published = [str(figures) for figures in method.published.get(tasks[0].name, ())]
    if published:
        origin["published"] = published
    if method.fidelity:
        origin["fidelity"] = method.fidelity
    if isinstance(method, TrainedNetwork):
        origin["recipe"] = method.recipe.to_dict()
        if method.shortlist_size:
            origin["shortlist"] = [recall(method.shortlist_size, part.distances) for part in parts]
    if compare_with is not None:
        report["agreement"] = _agreement(compare_with, tasks, parts, protocols, report)
    return report


def evaluate_measured(parts: Sequence[Measured], protocols: Protocols, seed: int = 0) -> Dict[str, Any]:
    """The results of distances, one part for each split."""
    return measuring.evaluate(parts, protocols, seed)


def measure_parts(method: Method, tasks: Sequence[Task]) -> List[Measured]:
    """The distances of a method on every task, from the store or computed and kept."""
    return [_approximated(method, measure(method, task)) for task in tasks]


def _approximated(method: Method, part: Measured) -> Measured:
    """The same with the recall of a shortlist in its origin."""
    size = method.shortlist_size if isinstance(method, TrainedNetwork) else 0
    if not size:
        return part
    found = recall(size, part.distances)
    text = (
        f"{part.origin['approximate']}: {100 * found['recall']:.1f} % of the true matches, at least one of "
        f"{100 * found['queries_with_a_match']:.1f} % of the queries"
    )
    return dataclasses.replace(part, origin={**part.origin, "approximate": text})


def _agreement(exact: Method, tasks, parts, protocols, report) -> Dict[str, Any]:
    """How far the distances of the first split, and all figures, are from those of the exact method."""
    exact_parts = [measure(exact, task) for task in tasks]
    results = evaluate_measured(exact_parts, protocols, report["seed"])["results"]
    seconds = [sum(part.cost["seconds"].values()) for part in (exact_parts[0], parts[0])]
    return {
        **agreement(exact_parts[0].distances.distmat, parts[0].distances.distmat),
        "speed": seconds[0] / seconds[1],
        "cmc": cmc_changes(results, report["results"]),
    }


def results_folder(method: Method, task: Task) -> Path:
    """Where results of a method on a data set belong: in its run, else below ``runs/``, one folder for each choice."""
    if isinstance(method, TrainedNetwork):
        if method.is_own(task):
            return method.run.evaluation
        options = {"options": task.options} if task.options else {}
        return method.run.evaluation / f"{task.name}{settings_suffix(options)}"
    name = f"{Path(method.name).name}-{task.name}"
    other = {**({"options": task.options} if task.options else {}), **({"file": method.file} if method.file else {})}
    return ROOT / (name + settings_suffix(other)) / "evaluation"


def write_results(report: Mapping[str, Any], folder: Path) -> List[Path]:
    """Write results into a folder, one file for each protocol and each choice of settings.

    A file is named by its protocol alone where all settings are as they are by default; otherwise a digest of them
    stands behind the name. So no file is overwritten by results of other settings.

    Returns
    -------
    list of path
        The JSON files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = dict(report["settings"])
    options = settings.pop("protocol_options", {})
    if "not_applicable" in report:
        path = folder / f"definitions{settings_suffix({**settings, **options})}.json"
        write_json(path, report)
        return [path]
    written = []
    for result in report["results"]:
        name = result["protocol"]
        own = {**settings, **({"protocol_options": options[name]} if name in options else {})}
        written.append(folder / f"{name}{settings_suffix(own)}.json")
        write_json(written[-1], {**report, "settings": own, "results": [result]})
    return written


def settings_suffix(settings: Mapping[str, Any]) -> str:
    """``-`` and 10 hexadecimal digits of settings; empty where there are none."""
    return "-" + digest(json.dumps(settings, sort_keys=True, default=str))[:10] if settings else ""
