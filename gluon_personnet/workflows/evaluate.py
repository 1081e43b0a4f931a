"""From a trained run to a report: distances once, then every protocol on them."""

import shutil
import time
from dataclasses import dataclass
from typing import Any

from gluon_personnet.core.errors import CheckpointError, DataError
from gluon_personnet.data.task import Task
from gluon_personnet.evaluation.agreement import agreement, cmc_changes
from gluon_personnet.evaluation.protocols import Evaluation
from gluon_personnet.methods.from_file import save_distmat
from gluon_personnet.methods.shortlist import Shortlist
from gluon_personnet.network.backend import versions
from gluon_personnet.network.build import restore_network
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.plugin.contracts import Split
from gluon_personnet.recipe.parsing import recipe_from_dict
from gluon_personnet.scoring.heads import check_precision
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.scoring.sharded import ShardedScorer


@dataclass(frozen=True)
class ScoringOptions:
    """How the pairs of an evaluation are scored.

    Parameters
    ----------
    precision : {'float32', 'bfloat16', 'int8'}
    compare : bool
        Also score in float32 and say how far the two agree.
    shortlist : str, optional
        Name for :class:`~gluon_personnet.methods.shortlist.Shortlist`; by default every pair is scored.
    shortlist_size : int
    memory_mib : int
        Limit for decoded images and maps in memory, half for each.
    pool : Pool, optional
        Workers that share the tiles; by default this process computes them.
    """

    precision: str = "float32"
    compare: bool = False
    shortlist: str = ""
    shortlist_size: int = 100
    memory_mib: int = 2048
    pool: Any = None


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
    scoring=None,
):
    """Evaluate a run's selected network on the test identities of its split.

    Tiles that are done are kept in the run's folder ``scoring`` until the report is there: called again after a kill,
    it goes on with the others. Not so when precisions are compared, or with a shortlist.

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
    scoring : ScoringOptions, optional

    Returns
    -------
    dict
        The report, JSON types only; figures are fractions.

    Raises
    ------
    CheckpointError
        If the data set no longer gives the split the run was trained with: its test would mix with its training.
    """
    options = scoring or ScoringOptions()
    checkpoint = Checkpoint.load(run.best)
    recipe = recipe_from_dict(checkpoint.record["recipe"], f"checkpoint {run.best}")
    section = recipe.evaluation
    names = None if protocols is None else tuple(protocols) or (section.protocol,)
    evaluation = Evaluation(manager, names, {section.protocol: section.options}, rerank)
    scores = _Scores(run, checkpoint, recipe, manager, locate, ctx, options, mirrored, progress)
    distmat, listed, seconds = scores.distmat(options.precision)
    task, problem = scores.task, scores.problem(distmat)
    among = scores.among(options.precision) if rerank else ()
    if distmat_path:
        save_distmat(distmat_path, problem, among)
    seed = recipe.seed if seed is None else seed
    report = evaluation.report(problem, among, seed, _data_card(recipe, task, options.precision, listed))
    if options.compare:
        report["agreement"] = _agreement(scores, evaluation, report["results"], distmat, seconds, seed)
    scores.finish()
    scored = len(distmat) * listed["size"] if listed else distmat.size
    return {
        **report,
        "run": str(run.path),
        "step": checkpoint.record["step"],
        "training_seconds": checkpoint.record["seconds"],
        "recipe": recipe.to_dict(),
        "precision": options.precision,
        "shortlist": listed,
        "pairs_scored": scored + sum(distances.size for distances in among),
        "scoring_seconds": seconds,
        "versions": versions(),
    }


class _Scores:
    """Distances of a run's test split, as the options say."""

    def __init__(self, run, checkpoint, recipe, manager, locate, ctx, options, mirrored, progress):
        self._ctx, self._progress = ctx, progress
        self._work = None if options.compare else run.scoring  # tiles of a run before would make it look fast
        self._memory_mib, self._pool, self._recipe = options.memory_mib // 2, options.pool, recipe
        self._shortlist = None
        if options.shortlist:
            self._shortlist = Shortlist(options.shortlist, options.shortlist_size, manager)
        where = f"checkpoint {run.best}"
        self._network = restore_network(recipe, manager, checkpoint, where, ctx)
        check_precision(self._network, ctx, options.precision)
        size = self._network.options["height_px"], self._network.options["width_px"]
        self.task = Task(recipe, manager, locate, *size, self._memory_mib, progress)
        if mirrored is not None:
            self.task.mirrored = mirrored
        trained, found = checkpoint.record["split_hash"], self.task.split_hash
        if found != trained:
            raise CheckpointError(f"{where}: trained on split {trained}, the data set now gives {found}")
        self.task.cache.preload(sorted(self.task.test.query + self.task.test.gallery))

    def _scorer(self, precision):
        how = {"precision": precision, "memory_mib": self._memory_mib}
        if self._pool:
            return ShardedScorer(self._network, self._ctx, self._pool, self._recipe, **how)
        return Scorer(self._network, self._ctx, **how)

    def distmat(self, precision):
        """float64 (Q, G); how good the shortlist was, or None without one; seconds."""
        scorer, split = self._scorer(precision), self.task.test
        start = time.monotonic()
        if self._shortlist:
            distmat, listed = self._shortlist.distmat(self.task, scorer, split, self._progress)
        else:
            distmat, listed = self.task.distmat(scorer, split, self._progress, self._work), None
        return distmat, listed, time.monotonic() - start

    def problem(self, distmat):
        """Distances with their labels; what was kept of distances that are not finite is removed with the error."""
        try:
            return self.task.problem(distmat, self.task.test)
        except DataError:
            self.finish()
            raise

    def among(self, precision):
        """The distances among query images and among gallery images."""
        scorer = self._scorer(precision)
        sides = self.task.test.query, self.task.test.gallery
        splits = (Split(train=(), query=rows, gallery=rows) for rows in sides)
        return tuple(self.task.distmat(scorer, split, self._progress, self._work) for split in splits)

    def finish(self):
        """Remove the tiles that were kept."""
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)


def _agreement(scores, evaluation, results, distmat, seconds, seed):
    """How `distmat`, which took `seconds` and led to `results`, differs from what float32 gives."""
    exact, _, exact_seconds = scores.distmat("float32")
    among = scores.among("float32") if evaluation.rerank else ()
    exact_results = evaluation.report(scores.problem(exact), among, seed, {})["results"]
    return {
        **agreement(exact, distmat),
        "speed": exact_seconds / seconds,
        "cmc": cmc_changes(exact_results, results),
    }


PRECISION_CARD = {
    "float32": "float32",
    "bfloat16": "bfloat16 pair head",
    "int8": "int8 fully connected layers, bfloat16 Conv4",
}


def _data_card(recipe, task, precision, listed):
    test = {task.dataset.samples[row].pid for row in task.test.query}
    card = {
        "method": recipe.network.name,
        "distance": "mean of the pair's and of the mirrored pair's" if task.mirrored else "of the pair as it is",
        "precision": PRECISION_CARD[precision],
        "data set": recipe.dataset.name,
        "split": f"{recipe.dataset.split}, hash {task.split_hash}",
        "identities": f"{len({task.dataset.samples[row].pid for row in task.train})} train, "
        f"{recipe.dataset.validation_identities} validation, {len(test)} test",
    }
    if listed:
        card["approximate"] = (
            f"a shortlist by {listed['by']} keeps {listed['size']} of {len(task.test.gallery)} gallery images: "
            f"{100 * listed['recall']:.1f} % of the true matches, at least one of "
            f"{100 * listed['queries_with_a_match']:.1f} % of the queries"
        )
    return card
