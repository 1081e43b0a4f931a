"""Verification: are two images of the same person?"""

from typing import Optional

import numpy as np

from gluon_personnet.core.errors import DataError, RecipeError
from gluon_personnet.evaluation.calibration import fit_platt, p_same
from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, no_query_left, people
from gpnet_protocols.options import MemoryMib, Share
from gpnet_protocols.roc import Roc

FALSE_POSITIVE_RATES = (1e-1, 1e-2, 1e-3, 1e-4)
CALIBRATION_PAIRS = 200_000
"""About how many pairs of different people the calibration is fitted on; a random choice of them if there are more."""


class Verification(CameraRule):
    """ROC over all pairs of a query and a gallery image, a threshold, and the probability of being the same person.

    A pair is accepted when its distance is at most the threshold. Thresholds are the distances of pairs of the same
    person; between them no true pair is gained. AUC and EER follow the ROC, with a straight line across pairs of equal
    distance; the true-positive rate at a false-positive rate is that of the largest threshold that does not exceed it.

    P(same) = 1 / (1 + exp(slope distance - offset)), with the two numbers fitted by maximum likelihood, pairs of same
    and different people weighing `prior` and 1 - `prior`. They are fitted on the pairs that are measured, and so are a
    little optimistic, unless `slope` and `offset` of other pairs are given.

    Parameters
    ----------
    false_accept_rate : float
        Share of pairs of different people that the reported threshold may accept, between 0 and 1.
    prior : float
        Share of pairs of the same person that P(same) assumes, between 0 and 1.
    slope, offset : float or None
        A calibration fitted elsewhere, for instance on validation identities.
    use_cameras : bool
        False keeps pairs of the same person and camera, for images that have no camera.
    memory_mib : float
        Budget for temporary arrays.

    Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999; Fawcett, An introduction to ROC analysis,
    Pattern Recognition Letters 27, 2006.

    Checked against: a loop over all pairs and every threshold; largest difference below 1e-12.
    """

    name = "verification"

    def __init__(
        self,
        false_accept_rate: Share = 0.001,
        prior: Share = 0.5,
        slope: Optional[float] = None,
        offset: Optional[float] = None,
        use_cameras: bool = True,
        memory_mib: MemoryMib = 256.0,
    ):
        if (slope is None) != (offset is None):
            raise RecipeError(f"protocol {self.name!r}: slope: {slope!r}, offset: {offset!r}; right: both or neither")
        self.false_accept_rate, self.prior, self.memory_mib = false_accept_rate, prior, memory_mib
        self.calibration = None if slope is None else (float(slope), float(offset))
        self.exclude = "same-person-and-camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure ``auc``, ``eer``, ``tpr_at_fpr``, ``threshold`` and ``calibration``, no CMC.

        Raises
        ------
        DataError
            If the input is wrong or there are no pairs of the same person, or none of different people.
        """
        distances, junk = people(check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids))
        if not len(distances.query_pids):
            raise no_query_left(self, distances)
        same, used, num_different = self._same_pairs(distances)
        if not len(same):
            raise no_query_left(self, distances)
        if not num_different:
            raise DataError(f"protocol {self.name!r}: no pair of different people; right: at least one")
        limits, accepted = np.unique(same, return_counts=True)
        below, upto, sample = self._different_pairs(distances, limits, CALIBRATION_PAIRS / num_different, rng)
        curve = Roc(limits, np.cumsum(accepted) / len(same), below / num_different, upto / num_different)
        slope, offset = self.calibration or fit_platt(same, sample, self.prior)
        return Measures(
            card=self._card(),
            queries_used=int(used.sum()),
            queries_skipped=int((~used).sum()) + junk,
            others={
                "auc": curve.auc(),
                "eer": curve.equal_error_rate(),
                "tpr_at_fpr": {f"{fpr:g}": curve.operating_point(fpr)["tpr"] for fpr in FALSE_POSITIVE_RATES},
                "threshold": self._threshold(curve, slope, offset),
                "calibration": {"slope": slope, "offset": offset, "prior": self.prior},
                "pairs": {"same": len(same), "different": num_different},
            },
        )

    def _threshold(self, curve, slope, offset):
        point = curve.operating_point(self.false_accept_rate)
        same = None if point["distance"] is None else float(p_same(point["distance"], slope, offset))
        return {"false_accept_rate": self.false_accept_rate, **point, "p_same": same}

    def _same_pairs(self, distances):
        """Distances of all pairs of the same person, which queries have one, and the number of other pairs."""
        parts, used, different = [], np.zeros(len(distances.query_pids), bool), 0
        for rows in distances.tiles(self.memory_mib):
            match, excluded = distances.masks(rows, self.exclude)
            parts.append(distances.distmat[rows][match])
            used[rows] = match.any(axis=1)
            different += match.size - int(match.sum()) - int(excluded.sum())
        return np.concatenate(parts).astype(np.float64), used, different

    def _different_pairs(self, distances, limits, share, rng):
        """How many pairs of different people are below and up to each limit; a random `share` of their distances."""
        below, upto, sample = np.zeros(len(limits), np.int64), np.zeros(len(limits), np.int64), []
        for rows in distances.tiles(self.memory_mib):
            match, excluded = distances.masks(rows, self.exclude)
            different = distances.distmat[rows][~(match | excluded)].astype(np.float64)
            different.sort()
            below += np.searchsorted(different, limits, "left")
            upto += np.searchsorted(different, limits, "right")
            sample.append(different if share >= 1 else different[rng.random(len(different)) < share])
        return below, upto, np.concatenate(sample)

    def _card(self):
        fitted = "given, not fitted on these pairs" if self.calibration else "fitted on the pairs that are measured"
        return {
            "gallery": "every gallery image, in a pair with every query image",
            "query": "every query image",
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none",
            "ties": "pairs of equal distance are accepted together",
            "calibration": f"logistic in the distance, {fitted}; prior {self.prior:g}",
        }
