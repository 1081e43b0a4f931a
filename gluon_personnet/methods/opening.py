"""From what a user names to a method: a baseline, a matcher, a file of YAML, or the folder of a run."""

from pathlib import Path
from typing import Any, Mapping, Optional

from gluon_personnet.core.errors import CheckpointError, PluginError, RecipeError, did_you_mean
from gluon_personnet.core.runs import ROOT, Run, find_run
from gluon_personnet.methods.base import Method
from gluon_personnet.methods.feature_metric import FeatureMetric
from gluon_personnet.methods.matcher import Matching
from gluon_personnet.methods.session import Session
from gluon_personnet.methods.trained import ScoringOptions, TrainedNetwork
from gluon_personnet.plugin.contracts import Combination
from gluon_personnet.plugin.entries import BaselineEntry
from gluon_personnet.recipe.baselines import find_baseline

BASELINE_OPTIONS = ("query_expansion",)
RUN_OPTIONS = tuple(ScoringOptions.__dataclass_fields__)


def open_method(name: str, session: Session, options: Optional[Mapping[str, Any]] = None) -> Method:
    """The method of that name.

    Parameters
    ----------
    name : str
        The folder of a run, or its name below ``runs/``; a YAML file of a baseline; a registered baseline or matcher.
        A folder wins over a registered name.
    session : Session
    options : mapping, optional
        Fields of :class:`~gluon_personnet.methods.trained.ScoringOptions` for a run, ``query_expansion`` for a
        baseline.

    Raises
    ------
    RecipeError
        If there is none of that name, or it does not know one of the options.
    """
    options = dict(options or {})
    run = Run(name)
    if run.exists or run.best.exists():
        return open_run(run, session, options)
    manager = session.manager
    if name.endswith((".yml", ".yaml")) or name in {entry.name for entry in manager.entries("baselines")}:
        return open_named_baseline(name, session, options)
    if name in {entry.name for entry in manager.entries("matchers")}:
        _check_options(f"matcher {name!r}", options, ())
        return Matching(name, {}, session)
    if Run(ROOT / name).best.exists():
        return open_run(Run(ROOT / name), session, options)
    known = [entry.name for kind in ("baselines", "matchers") for entry in manager.entries(kind)]
    raise RecipeError(f"method {name!r}: neither a run nor a baseline nor a file{did_you_mean(name, known)}")


def open_run(run: Run, session: Session, options: Optional[Mapping[str, Any]] = None) -> TrainedNetwork:
    """The network of a run.

    Raises
    ------
    CheckpointError
        If it has none yet.
    """
    _check_options(f"run {run.path}", options or {}, RUN_OPTIONS)
    if not run.best.exists():
        raise CheckpointError(f"run {run.path}: not validated yet; train it with: gpnet train RECIPE --out {run.path}")
    return TrainedNetwork(run, session, ScoringOptions(**(options or {})))


def open_named_baseline(name: str, session: Session, options: Optional[Mapping[str, Any]] = None) -> Method:
    """The method of a registered baseline, or of a YAML file."""
    method = open_baseline(find_baseline(session.manager, name), session, options)
    if name.endswith((".yml", ".yaml")):
        method.file = str(Path(name).resolve())
    return method


def open_baseline(entry: BaselineEntry, session: Session, options: Optional[Mapping[str, Any]] = None) -> Method:
    """The method of a baseline: a feature and a metric, or what its factory returns.

    Raises
    ------
    PluginError
        If its factory returns neither a Combination nor a Method.
    """
    _check_options(f"baseline {entry.name!r}", options or {}, BASELINE_OPTIONS)
    made = entry.build()
    if isinstance(made, Combination):
        method: Method = FeatureMetric(entry.name, made, session, (options or {}).get("query_expansion") or 0)
    elif isinstance(made, Method):
        _check_options(f"baseline {entry.name!r}", options or {}, ())
        method = made
    else:
        raise PluginError(
            f"baseline {entry.name!r}: its factory returned {type(made).__name__}; right: contracts.Combination, or a "
            "gluon_personnet.methods.base.Method"
        )
    method.name = method.name or entry.name
    method.fidelity, method.published = entry.fidelity, entry.published
    return method


def latest_run(session: Session, options: Optional[Mapping[str, Any]] = None) -> TrainedNetwork:
    """The network that was trained last below ``runs/``."""
    return open_run(find_run(), session, options)


def _check_options(what: str, options: Mapping[str, Any], known: tuple) -> None:
    for key in options:
        if key not in known:
            flag = "--" + key.replace("_", "-")
            listed = ", ".join("--" + name.replace("_", "-") for name in known if name != "pool") or "none"
            raise RecipeError(f"{what}: {flag}: not an option of it; right: {listed}")
