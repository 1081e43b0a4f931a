"""From a trained run to a report: distances once, then every protocol on them."""

import time

from gluon_personnet import seeding
from gluon_personnet.backend import versions
from gluon_personnet.errors import CheckpointError, PluginError
from gluon_personnet.network.pairs import unique_parameters
from gluon_personnet.recipe import recipe_from_dict
from gluon_personnet.scoring import Scorer
from gluon_personnet.task import Task
from gluon_personnet.training.checkpoint import Checkpoint, set_parameters

RANKS = (1, 5, 10, 20)


def build_network(recipe, manager):
    """The recipe's network, not yet initialised."""
    section = recipe.network
    return manager.find("networks", section.name).build(where="network.options", **section.options)


def evaluate_run(run, manager, locate, ctx, protocols=(), seed=None, progress=True):
    """Evaluate a run's selected network on the test identities of its split.

    Parameters
    ----------
    run : Run
    manager : PluginManager
    locate : Locator
    ctx : mxnet.Context
    protocols : sequence of str
        Names of protocols; by default the recipe's.
    seed : int, optional
        For the random choices of the protocols; by default the recipe's.
    progress : bool

    Returns
    -------
    dict
        The report, JSON types only; figures are fractions.

    Raises
    ------
    CheckpointError
        If the data set no longer gives the split the run was trained with: its test would mix with its training.
    """
    checkpoint = Checkpoint.load(run.best)
    where = f"checkpoint {run.best}"
    recipe = recipe_from_dict(checkpoint.record["recipe"], where)
    built = _build_protocols(recipe, manager, protocols)
    network = build_network(recipe, manager)
    network.initialize(ctx=ctx)
    set_parameters(unique_parameters(network), checkpoint.group("parameter"), where)
    options = network.options
    task = Task(recipe, manager, locate, options["height_px"], options["width_px"], progress=progress)
    if task.split_hash != checkpoint.record["split_hash"]:
        raise CheckpointError(
            f"{where}: trained on split {checkpoint.record['split_hash']}, the data set now gives {task.split_hash}"
        )
    task.cache.preload(sorted(task.test.query + task.test.gallery))
    start = time.monotonic()
    distmat = task.distmat(Scorer(network, ctx), task.test, progress)
    seconds = time.monotonic() - start
    seed = recipe.seed if seed is None else seed
    results = []
    for name, protocol in built:
        measures = task.measure(protocol, distmat, task.test, seeding.generator(seed, "protocol " + name))
        results.append(_result(name, measures, _data_card(recipe, task)))
    return {
        "results": results,
        "run": str(run.path),
        "step": checkpoint.record["step"],
        "training_seconds": checkpoint.record["seconds"],
        "seed": seed,
        "recipe": recipe.to_dict(),
        "pairs_scored": distmat.size,
        "scoring_seconds": seconds,
        "versions": versions(),
    }


def _build_protocols(recipe, manager, names):
    built = []
    for name in names or (recipe.evaluation.protocol,):
        options = recipe.evaluation.options if name == recipe.evaluation.protocol else {}
        built.append((name, manager.find("protocols", name).build(**options)))
    return built


def _data_card(recipe, task):
    test = {task.dataset.samples[row].pid for row in task.test.query}
    return {
        "method": recipe.network.name,
        "data set": recipe.dataset.name,
        "split": f"{recipe.dataset.split}, hash {task.split_hash}",
        "identities": f"{len({task.dataset.samples[row].pid for row in task.train})} train, "
        f"{recipe.dataset.validation_identities} validation, {len(test)} test",
    }


def _result(name, measures, data_card):
    card = {**data_card, "query images": str(measures.queries_used), **measures.card}
    result = {"protocol": name, "card": card}
    if measures.cmc is not None:
        last = len(measures.cmc)
        result["cmc"] = {
            str(rank): {
                "mean": float(measures.cmc[min(rank, last) - 1]),
                "std": float(measures.cmc_std[min(rank, last) - 1]) if measures.cmc_std is not None else 0.0,
            }
            for rank in RANKS
        }
        result["curve"] = [float(value) for value in measures.cmc]
    result["queries"] = {"used": measures.queries_used, "skipped": measures.queries_skipped}
    clash = set(measures.others) & {*result, "cmc", "curve"}
    if clash:
        raise PluginError(f"protocol {name!r}: measure {min(clash)!r} is a word of the report; rename it")
    return {**result, **measures.others}
