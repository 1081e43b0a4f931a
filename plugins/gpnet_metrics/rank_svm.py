"""RankSVM: a weight for each dimension of the absolute difference."""

import numpy as np
from sklearn.svm import LinearSVC

from gluon_personnet.seeding import generator
from gpnet_metrics.absdiff import AbsDiff, pair_differences
from gpnet_metrics.pairs import sample_pairs


class RankSVM(AbsDiff):
    """Weights w such that w^T |x - z| is smaller for one person than for two, by a large margin.

    Parameters
    ----------
    n_components : float
        See :class:`~gpnet_metrics.reduction.Reduction`; the absolute differences are those of the components.
    normalise : {'none', 'before', 'after'}
    npratio : int
        Different pairs drawn for each pair of one person; each makes a comparison with it.
    c : float
        Weight of the comparisons' loss, in all: of the mean squared hinge over them.
    seed : int
        Of the different pairs.

    Source: Prosser, Zheng, Gong, Xiang, Person Re-Identification by Support Vector Ranking, BMVC 2010, section 2.3
    (PRSVM, the primal problem with squared hinge loss).
    Differs from the source in: one problem instead of an ensemble over subsets; absolute differences of principal
    components instead of all dimensions.
    """

    name = "rank-svm"

    def __init__(self, n_components=100.0, normalise="none", npratio=10, c=100.0, seed=0):
        super().__init__(n_components, normalise)
        self._npratio, self._c, self._seed = npratio, c, seed

    def _learn(self, rows, pids, camids):
        rng = generator(self._seed, "rank-svm pairs")
        positives, negatives = sample_pairs(pids, camids, self._npratio, rng)
        wider = pair_differences(rows, negatives)
        wider -= np.repeat(pair_differences(rows, positives), self._npratio, axis=0)
        self._weights = ranking_weights(wider, self._c, rng)

    def _score(self, differences):
        return differences @ self._weights


def ranking_weights(wider, c, rng):
    """w that minimises |w|^2 / 2 + c * mean of max(0, 1 - w^T v)^2.

    Parameters
    ----------
    wider : float64 (T, r)
        Rows v whose score is to be positive; scaled here to a mean square of 1.
    c : float
    rng : numpy.random.Generator
        Turns half of the rows round, since the solver wants two classes.

    Returns
    -------
    float64 (r,)
        For rows of that scale: only its direction counts.
    """
    signs = np.where(rng.permutation(len(wider)) % 2, 1.0, -1.0)
    scale = np.sqrt((wider**2).sum(axis=1).mean())
    svm = LinearSVC(loss="squared_hinge", dual=False, fit_intercept=False, C=c / len(wider), tol=1e-6)
    return svm.fit(wider * (signs / scale)[:, None], signs).coef_[0]
