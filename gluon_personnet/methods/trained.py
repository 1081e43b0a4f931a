"""A trained network as a method: every pair scored by it, or a shortlist of the pairs."""

import contextlib
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

import numpy as np

from gluon_personnet.core.digests import file_digest
from gluon_personnet.core.errors import CheckpointError, RecipeError
from gluon_personnet.core.parallel import usable_cores
from gluon_personnet.core.runs import Run
from gluon_personnet.core.versions import numeric_versions, version
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.images import ImageCache
from gluon_personnet.data.leaks import refuse_leak
from gluon_personnet.data.task import Images, Task
from gluon_personnet.methods.base import PARTS, Cost, Method
from gluon_personnet.methods.features import entry_key
from gluon_personnet.methods.session import Session
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.recipe.parsing import recipe_from_dict

PRECISION_CARD = {
    "float32": "float32",
    "bfloat16": "bfloat16 pair head",
    "int8": "int8 fully connected layers, bfloat16 Conv4",
}


@dataclass(frozen=True)
class ScoringOptions:
    """How the pairs of a trained network are scored.

    Parameters
    ----------
    precision : {'float32', 'bfloat16', 'int8'}
    mirrored : bool, optional
        Whether distances are averaged with those of the mirrored pairs; by default as the recipe says.
    shortlist : str
        Name for :class:`~gluon_personnet.methods.shortlist.Shortlist`; empty to score every pair.
    shortlist_size : int
    memory_mib : int
        Limit for decoded images and maps in memory, half for each.
    pool : Pool, optional
        Workers that share the tiles; by default this process computes them.
    """

    precision: str = "float32"
    mirrored: Optional[bool] = None
    shortlist: str = ""
    shortlist_size: int = 100
    memory_mib: int = 2048
    pool: Any = None


class TrainedNetwork(Method):
    """The network of a run, with the weights that validated best.

    Parameters
    ----------
    run : Run
    session : Session
    options : ScoringOptions, optional

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged.
    """

    def __init__(self, run: Run, session: Session, options: Optional[ScoringOptions] = None):
        self.run, self.name = run, str(run.path)
        self._session, self._options = session, options or ScoringOptions()
        self.record = Checkpoint.load_record(run.best)
        self.recipe = recipe_from_dict(self.record["recipe"], f"checkpoint {run.best}")
        chosen = self._options.mirrored
        self.mirrored = self.recipe.evaluation.mirrored if chosen is None else chosen
        self._network: Any = None

    @property
    def precision(self) -> str:
        """That of the pair head."""
        return self._options.precision

    def in_float32(self) -> "TrainedNetwork":
        """The same network and options, in float32."""
        return TrainedNetwork(self.run, self._session, dataclasses.replace(self._options, precision="float32"))

    @property
    def shortlist_size(self) -> int:
        """Gallery images that are scored for each query; 0 for all."""
        return self._options.shortlist_size if self._options.shortlist else 0

    def tasks(self) -> list:
        """The one task that the run was trained for; its test identities are unknown to the network.

        The data set is looked for where the session says, then where it lay for the training.
        """
        section, session = self.recipe.dataset, self._session
        known = [*session.locate.directories, *self.run.data_folders]
        session = dataclasses.replace(session, locate=Locator(list(dict.fromkeys(known))))
        return session.tasks(section.name, section.options, [section.split], "dataset.options")

    def fit(self, task: Task, cost: Cost) -> None:
        """See :class:`Method`; loads the network, since it is trained already.

        Raises
        ------
        CheckpointError, DataError
            As :meth:`check_rows`.
        """
        from gluon_personnet.methods.shortlist import Shortlist
        from gluon_personnet.network.backend import pick_device
        from gluon_personnet.network.build import restore_network
        from gluon_personnet.scoring.heads import check_precision

        self.check_rows(task)
        where, options = f"checkpoint {self.run.best}", self._options
        if self._network is None:
            self._ctx = pick_device(self._session.device)
            checkpoint = Checkpoint.load(self.run.best)
            self._network = restore_network(self.recipe, self._session.manager, checkpoint, where, self._ctx)
            check_precision(self._network, self._ctx, options.precision)
            self._check_kind()
        size = self._network.options["height_px"], self._network.options["width_px"]
        self._cache = ImageCache(task.dataset, *size, options.memory_mib // 2, self._session.progress)
        self._cache.preload(sorted(task.split.query + task.split.gallery))
        self._shortlist = None
        if options.shortlist:
            self._shortlist = Shortlist(options.shortlist, options.shortlist_size, self._session)

    def _check_kind(self):
        """Raise RecipeError for options that mean nothing where no pair is scored."""
        from gluon_personnet.network.kinds import scores_pairs

        options = self._options
        for given, name in ((options.pool, "--backend"), (options.shortlist, "--shortlist")):
            if given and not scores_pairs(self._network):
                who = f"network {self.recipe.network.name!r}"
                raise RecipeError(f"{name}: {who} embeds single images, whose distances are one product; leave it out")

    @property
    def seen(self) -> List[str]:
        """:func:`~gluon_personnet.data.leaks.fingerprints` of all images that the weights have been trained on."""
        if "seen" not in self.record:
            raise CheckpointError(
                f"checkpoint {self.run.best}: does not say which images it was trained on; train anew"
            )
        return [*self.record["seen"], *(self.record.get("started_from") or {"seen": []})["seen"]]

    def is_own(self, task: Task) -> bool:
        """Whether a task is the one that the run was trained for."""
        section = self.recipe.dataset
        return (task.name, dict(task.options), task.number) == (section.name, dict(section.options), section.split)

    def check_rows(self, task: Task) -> None:
        """Raise an error if the test would mix with the training.

        Raises
        ------
        CheckpointError
            If the task is the run's and its training rows are now others.
        DataError
            If the task is another and tests an identity that the run was trained on.
        """
        if not self.is_own(task):
            refuse_leak(task, self.seen, f"run {self.run.path}")
            return
        trained = self.record["train_hash"]
        if trained != task.train_hash:
            raise CheckpointError(
                f"checkpoint {self.run.best}: trained on rows {trained}, the data set now gives {task.train_hash}"
            )

    def distmat(self, task: Task, part: str, work: Optional[Path], cost: Cost) -> np.ndarray:
        """See :class:`Method`; tiles that are done are kept in `work`, except with a shortlist."""
        rows = [getattr(task.split, side) for side in PARTS[part]]
        scorer = self._scorer()
        sides = [
            [Images(self._cache, side, flip) for side in rows] for flip in ([False, True] if self.mirrored else [False])
        ]
        with cost.timed("distance"):
            if self._shortlist:
                found = self._shortlist.distmat(task, rows, sides, scorer)
            else:
                found = scorer.over_views(sides, self._session.progress, work)
        cost.pairs += scorer.scored_pairs
        return found

    def _scorer(self):
        from gluon_personnet.scoring.embedding import make_scorer
        from gluon_personnet.scoring.sharded import ShardedScorer

        options = {"precision": self.precision, "memory_mib": self._options.memory_mib // 2}
        if self._options.pool:
            return ShardedScorer(self._network, self._ctx, self._options.pool, self.recipe, **options)
        return make_scorer(self._network, self._ctx, **options)

    def card(self, task: Task) -> Mapping[str, str]:
        """See :class:`Method`."""
        section = self.recipe
        card = {
            "method": f"{section.network.name} of {self.name}, step {self.record['step']}",
            "distance": self._distance_in_words(),
            "precision": PRECISION_CARD[self.precision],
            "validation": f"{section.dataset.validation_identities} of the training identities",
        }
        if not self.is_own(task):
            own = section.dataset
            card["trained on"] = f"{own.name} split {own.split}; no training image is of somebody in this test"
        options, origin = self._options, self.record.get("started_from")
        if origin:
            card["started from"] = f"run {origin['run']}, weights {origin['weights'][:16]}"
        if options.shortlist:
            card["approximate"] = (
                f"a shortlist by {options.shortlist} keeps {options.shortlist_size} of {len(task.split.gallery)} "
                "gallery images"
            )
        return card

    def _distance_in_words(self):
        distance = self.record.get("distance")  # of an embedding network
        if distance:
            return f"{distance} of vectors" + (" averaged with those of mirrored images" if self.mirrored else "")
        return "mean of the pair's and of the mirrored pair's" if self.mirrored else "of the pair as it is"

    def key(self, task: Task) -> Mapping[str, Any]:
        """See :class:`Method`; the kind of device and the number of threads decide the last bits."""
        options, manager, network = self._options, self._session.manager, self.recipe.network
        threads = options.pool.threads if options.pool else os.environ.get("OMP_NUM_THREADS", str(usable_cores()))
        rows = (task.split.query, task.split.gallery)
        images = [task.digest(side) for side in rows]
        key: Dict[str, Any] = {
            "weights": file_digest(self.run.best),
            "network": entry_key(manager, "networks", network.name, network.options),
            "precision": self.precision,
            "mirrored": self.mirrored,
            "device": self._device(),
            "threads": str(threads),
            "images": images,
            "versions": {**numeric_versions(), "mxnet": version("mxnet"), "mxnet-cu112": version("mxnet-cu112")},
        }
        if options.shortlist:
            from gluon_personnet.methods.shortlist import shortlist_key

            key["shortlist"] = [shortlist_key(manager, options.shortlist), options.shortlist_size]
            images.append(task.digest(task.split.train))
        return key

    def _device(self) -> str:
        """The kind of device; MXNet is imported for it only where its wheel knows GPUs."""
        if self._session.device is None and not version("mxnet-cu112"):
            return "cpu"
        from gluon_personnet.network.backend import pick_device

        return pick_device(self._session.device).device_type


@contextlib.contextmanager
def scoring_pool(
    backend: Optional[str], workers: Optional[int] = None, scheduler: Optional[str] = None
) -> Iterator[Dict[str, Any]]:
    """Options for :class:`ScoringOptions` with the pool that a backend names, closed at the end; none without one."""
    if backend is None:
        yield {}
        return
    from gluon_personnet.scoring.pools import open_pool

    with open_pool(backend, workers, scheduler) as pool:
        yield {"pool": pool}
