"""Open set: some of the people who are searched for are not in the gallery."""

import numpy as np

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, identity_distances, mean_and_std, no_query_left, own_column, people
from gpnet_protocols.options import Count, MemoryMib, Share

FALSE_ALARM_RATES = (0.01, 0.1)


class OpenSet(CameraRule):
    """Detection-and-identification rate at false-alarm rates of 1 % and 10 %.

    Each trial removes a random share of the identities that have a query with a true match from the gallery. A query
    raises an alarm when its closest identity (minimum over its images) is closer than a threshold. The threshold is the
    largest at which at most the given share of the queries of absent people raise one; the rate is the share of
    the other queries that raise one for the right identity at rank 1. Queries of people of whom the gallery shows
    excluded images only are skipped.

    Parameters
    ----------
    trials : int
        Random choices of absent identities, 1 or more.
    absent : float
        Share of the identities that is removed, between 0 and 1; at least one is removed and one kept.
    use_cameras : bool
        False keeps gallery images of the query's person and camera, for images that have no camera.
    memory_mib : float
        Budget for temporary arrays.

    Source: Grother and Phillips, Models of Large Population Recognition Performance, CVPR 2004 (open-set
    identification). The choice of absent identities is the project's.

    Checked against: a loop over queries and every threshold; largest difference below 1e-12.
    """

    name = "open-set"

    def __init__(
        self, trials: Count = 10, absent: Share = 0.5, use_cameras: bool = True, memory_mib: MemoryMib = 256.0
    ):
        self.trials, self.absent, self.memory_mib = trials, absent, memory_mib
        self.exclude = "same-person-and-camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure ``detection_and_identification_rate`` (mean and standard deviation over trials), no CMC.

        Raises
        ------
        DataError
            If the input is wrong or fewer than two identities have a query with a true match.
        """
        distances, junk = people(check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids))
        if not len(distances.query_pids):
            raise no_query_left(self, distances)
        to_people, identities = identity_distances(distances, self.exclude, "minimum", self.memory_mib)
        own = own_column(distances.query_pids, identities)
        mated = own >= 0
        mated[mated] = np.isfinite(to_people[mated, own[mated]])
        known = np.unique(own[mated])
        if not len(known):
            raise no_query_left(self, distances)
        if len(known) < 2:
            raise DataError(f"protocol {self.name!r}: one identity has a query with a true match; right: at least two")
        used = mated | (own < 0)
        to_people, own = to_people[used], own[used]
        count = min(max(1, round(self.absent * len(known))), len(known) - 1)
        rates = [self._trial(to_people, own, rng.choice(known, count, replace=False), rng) for _ in range(self.trials)]
        mean, std = mean_and_std(rates)
        return Measures(
            card=self._card(count, len(known)),
            queries_used=int(used.sum()),
            queries_skipped=int((~used).sum()) + junk,
            others={
                "detection_and_identification_rate": {
                    f"{rate:g}": {"mean": float(mean[at]), "std": None if std is None else float(std[at])}
                    for at, rate in enumerate(FALSE_ALARM_RATES)
                }
            },
            repeats=self.trials,
        )

    def _trial(self, to_people, own, absent, rng):
        """The rate at each of FALSE_ALARM_RATES."""
        kept = rng.permutation(np.setdiff1d(np.arange(to_people.shape[1]), absent))  # argmin takes the first of equals
        closest = kept[to_people[:, kept].argmin(axis=1)]
        distance = to_people[np.arange(len(own)), closest]
        unknown = np.isin(own, absent) | (own < 0)
        alarms = np.sort(distance[unknown])
        right = (closest == own)[~unknown]
        # 1e-9: a tenth of 30 queries is three of them, not 2.9999999
        limits = [alarms[int(rate * len(alarms) + 1e-9)] for rate in FALSE_ALARM_RATES]
        return [np.mean(right & (distance[~unknown] < limit)) for limit in limits]

    def _card(self, absent, people):
        return {
            "gallery": f"every gallery image except those of {absent} of {people} identities, which are absent",
            "query": "every query image; those of absent people should raise no alarm",
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": f"{self.trials} trials; mean and standard deviation (ddof 0) over them",
            "ties": "equal distances of identities stand in a seeded random order; no alarm at the threshold",
        }
