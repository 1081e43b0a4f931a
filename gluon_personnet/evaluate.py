"""From a trained run to a report: distances once, then every protocol on them."""

import time

from gluon_personnet.backend import versions
from gluon_personnet.contracts import Split
from gluon_personnet.distmat import save_distmat
from gluon_personnet.errors import CheckpointError
from gluon_personnet.recipe import recipe_from_dict
from gluon_personnet.results import Evaluation
from gluon_personnet.scoring import Scorer
from gluon_personnet.sharding import ShardedScorer
from gluon_personnet.task import Task, restore_network
from gluon_personnet.training.checkpoint import Checkpoint


def evaluate_run(
    run,
    manager,
    locate,
    ctx,
    protocols=(),
    seed=None,
    progress=True,
    *,
    rerank=None,
    distmat_path=None,
    mirrored=None,
    pool=None,
):
    """Evaluate a run's selected network on the test identities of its split.

    Parameters
    ----------
    run : Run
    manager : PluginManager
    locate : Locator
    ctx : mxnet.Context
    protocols : sequence of str or None
        Names of protocols; by default the recipe's. None for every one that defines a CMC and applies to the data.
    seed : int, optional
        For the random choices of the protocols; by default the recipe's.
    progress : bool
    rerank : KReciprocal, optional
        Also scores all pairs of query images and all of gallery images.
    distmat_path : path, optional
        Where to write the distances as scored, with their labels.
    mirrored : bool, optional
        Whether distances are averaged with those of the mirrored pairs; by default as the recipe says.
    pool : Pool, optional
        Workers that share the scoring; without them this process does it.

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
    section = recipe.evaluation
    names = None if protocols is None else tuple(protocols) or (section.protocol,)
    evaluation = Evaluation(manager, names, {section.protocol: section.options}, rerank)
    network = restore_network(recipe, manager, checkpoint, where, ctx)
    options = network.options
    task = Task(recipe, manager, locate, options["height_px"], options["width_px"], progress=progress)
    if mirrored is not None:
        task.mirrored = mirrored
    if task.split_hash != checkpoint.record["split_hash"]:
        raise CheckpointError(
            f"{where}: trained on split {checkpoint.record['split_hash']}, the data set now gives {task.split_hash}"
        )
    task.cache.preload(sorted(task.test.query + task.test.gallery))
    start = time.monotonic()
    scorer = ShardedScorer(network, ctx, pool, recipe) if pool else Scorer(network, ctx)
    problem, among = _score(task, scorer, rerank is not None, progress)
    seconds = time.monotonic() - start
    if distmat_path:
        save_distmat(distmat_path, problem, among)
    return {
        **evaluation.report(problem, among, recipe.seed if seed is None else seed, _data_card(recipe, task)),
        "run": str(run.path),
        "step": checkpoint.record["step"],
        "training_seconds": checkpoint.record["seconds"],
        "recipe": recipe.to_dict(),
        "pairs_scored": problem.distmat.size + sum(distances.size for distances in among),
        "scoring_seconds": seconds,
        "versions": versions(),
    }


def _score(task, scorer, with_among, progress):
    """The test split's Problem, and the distances among its queries and among its gallery images if asked for."""
    problem = task.problem(scorer, task.test, progress)
    sides = (task.test.query, task.test.gallery) if with_among else ()
    return problem, tuple(task.distmat(scorer, Split(train=(), query=rows, gallery=rows), progress) for rows in sides)


def _data_card(recipe, task):
    test = {task.dataset.samples[row].pid for row in task.test.query}
    return {
        "method": recipe.network.name,
        "distance": "mean of the pair's and of the mirrored pair's" if task.mirrored else "of the pair as it is",
        "data set": recipe.dataset.name,
        "split": f"{recipe.dataset.split}, hash {task.split_hash}",
        "identities": f"{len({task.dataset.samples[row].pid for row in task.train})} train, "
        f"{recipe.dataset.validation_identities} validation, {len(test)} test",
    }
