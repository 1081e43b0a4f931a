"""Single-shot: the protocol of CUHK03, CUHK01 and VIPeR."""

import numpy as np

from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks, rank_matches
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, mean_and_std, no_query_left, one_per_identity
from gpnet_protocols.options import Count, MemoryMib, QueryChoice

QUERIES = {"all": "every query image", "one": "in every trial one random query image of each identity"}


class SingleShot(CameraRule):
    """Rank one random gallery image of each identity; mean and standard deviation of the CMC over trials.

    A trial draws one image of every gallery identity. Those of the query's own camera are no candidates for it. A query
    whose drawn true match is missing or no candidate is skipped in that trial.

    Parameters
    ----------
    trials : int
        Random galleries, 1 or more.
    query : {'all', 'one'}
        Every query image, or in each trial a random one of each identity.
    max_rank : int
        Length of the curve.
    use_cameras : bool
        False keeps gallery images of the query's camera, for images that have none.
    memory_mib : float
        Budget for temporary arrays.

    Source: Gray et al., Evaluating Appearance Models for Recognition, Reacquisition, and Tracking, PETS 2007.

    Checked against: a loop over the drawn galleries and, for one gallery image of each identity, the first case of
    open-reid's test of its CMC; largest difference below 1e-12.
    """

    name = "single-shot"

    def __init__(
        self,
        trials: Count = 10,
        query: QueryChoice = "all",
        max_rank: Count = 50,
        use_cameras: bool = True,
        memory_mib: MemoryMib = 256.0,
    ):
        self.trials, self.query, self.max_rank, self.memory_mib = trials, query, max_rank, memory_mib
        self.exclude = "camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC, and nothing else: see :class:`~gluon_personnet.plugin.contracts.Protocol`.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match in any trial.
        """
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        curves, drawn, used, asked, rankings = [], set(), set(), 0, 0
        first, ranked = np.zeros((2, len(distances.query_pids)))  # of every query: true matches put first, and rankings
        for _ in range(self.trials):
            rows, ranks = self._trial(distances, rng)
            drawn.update(rows.tolist())
            used.update(rows[ranks.query].tolist())
            np.add.at(first, rows[ranks.query], ranks.rank == 1)
            np.add.at(ranked, rows[ranks.query], 1)
            asked += len(rows)
            rankings += len(ranks.rank)
            if len(ranks.rank):
                curves.append(cmc_from_ranks(ranks.rank, self.max_rank))
        if not curves:
            raise no_query_left(self, distances)
        cmc, std = mean_and_std(curves)
        return Measures(
            card=self._card(),
            cmc=cmc,
            cmc_std=std,
            queries_used=len(used),
            queries_skipped=len(drawn - used),
            hits=np.divide(first, ranked, out=np.full(len(first), np.nan), where=ranked > 0),
            hit_pids=distances.query_pids,
            others={"rankings": rankings, "rankings_skipped": asked - rankings},
            repeats=self.trials,
        )

    def _trial(self, distances, rng):
        """Query rows asked in a trial, and the ranks of their matches."""
        columns = one_per_identity(distances.gallery_pids, rng)
        rows = (
            np.arange(len(distances.query_pids)) if self.query == "all" else one_per_identity(distances.query_pids, rng)
        )
        if not len(columns) or not len(rows):
            raise no_query_left(self, distances)
        drawn = distances.queries(rows).gallery(columns) if self.query == "one" else distances.gallery(columns)
        return rows, rank_matches(drawn, self.exclude, rng, self.memory_mib)

    def _card(self):
        return {
            "gallery": "one random image of each identity",
            "query": QUERIES[self.query],
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": f"{self.trials} trials; mean and standard deviation (ddof 0) over them",
            "ties": TIES,
        }
