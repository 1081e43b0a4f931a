"""Kernels between feature vectors: fitted on training rows, then evaluated in blocks on all usable cores.

    k = make_kernel("chi2-rbf").fit(train)  # float (N, D)
    k.train  # float64 (N, N)
    k(test)  # float (M, D) -> float64 (M, N)

Matrices that took long are kept in the cache on disk, so that several metrics on one feature and split pay once. Their
keys hold a digest of this file: after a change of the code they are computed anew.
"""

from pathlib import Path

import numpy as np

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError, PluginError, did_you_mean
from gluon_personnet.core.parallel import in_threads
from gluon_personnet.core.store import ArrayCache

WORTH_KEEPING = 10**10
"""Multiplications, a few seconds of work, from which on a matrix is kept on disk."""

SOURCE = digest(Path(__file__).read_text(encoding="utf-8"))
"""Digest of this file as it was imported."""

_BLOCK = 512  # rows and dimensions; so many float32 numbers stay in the second-level cache of a core


def dot(rows, others):
    """Inner products: float (M, D), float (N, D) -> float64 (M, N), summed in double precision."""
    out = np.zeros((len(rows), len(others)))
    for start in range(0, rows.shape[1], 4 * _BLOCK):
        left, right = (array[:, start : start + 4 * _BLOCK].astype(np.float64) for array in (rows, others))
        out += left @ right.T
    return out


def harmonic(rows, others):
    """Sums over k of x_k y_k / (x_k + y_k), with 0/0 = 0: float32 (M, D), (N, D), none negative -> float64 (M, N).

    Both chi2 kernels follow from it. Zeros among x are skipped: histograms are full of them. Each 512 terms are summed
    in single precision, these sums in double.
    """
    same = rows is others
    out = np.zeros((len(rows), len(others)))

    def fill(start):
        """Columns from `start` on; of a symmetric matrix only what stands above the diagonal or on it."""
        block = others[start : start + _BLOCK]
        upto = start + len(block) if same else len(rows)
        space = np.empty((2, _BLOCK, len(block)), np.float32)
        for part in range(0, rows.shape[1], _BLOCK):
            right = np.ascontiguousarray(block[:, part : part + _BLOCK].T)
            for index in range(upto):
                left = rows[index, part : part + _BLOCK]
                (some,) = np.nonzero(left)
                left = left[some]
                chosen, sums = space[:, : len(some)]
                np.take(right, some, axis=0, out=chosen, mode="clip")  # the other modes would copy
                np.add(chosen, left[:, None], out=sums)
                np.divide(chosen, sums, out=sums)
                out[index, start : start + len(block)] += left @ sums

    for _ in in_threads(fill, reversed(range(0, len(others), _BLOCK))):  # the longest columns first
        pass
    return np.triu(out) + np.triu(out, 1).T if same else out


def _kept(compute, rows, others):
    """``compute(rows, others)``, from the disk cache where it was computed before."""
    if len(rows) * len(others) * rows.shape[1] < WORTH_KEEPING:
        return compute(rows, others)
    key = digest(SOURCE, compute.__name__, rows, *(() if rows is others else (others,)))
    cache = ArrayCache("kernels")
    found = cache.get(key)
    if found is None or found.shape != (len(rows), len(others)):
        found = compute(rows, others)
        cache.put(key, found)
    return found


class Linear:
    """k(x, z) = x . z

    After :meth:`fit`, `train` is the float64 (N, N) kernel matrix of the training rows.
    """

    def fit(self, rows):
        """Remember float (N, D) training rows, as float32, and their matrix; return self.

        Raises
        ------
        DataError
            If the rows are not finite numbers the kernel is defined for.
        """
        self._rows = self._checked(rows)
        self.train = self._matrix(self._rows)
        return self

    def __call__(self, rows):
        """float (M, D) -> float64 (M, N): against the training rows."""
        return self._matrix(self._checked(rows, self._rows.shape[1]))

    def _matrix(self, rows):
        return _kept(dot, rows, self._rows)

    def _checked(self, rows, dims=None):
        rows = np.asarray(rows, np.float32)
        if rows.ndim != 2 or dims not in (None, rows.shape[1]):
            raise DataError(f"kernel: rows of shape {rows.shape}; right: (N, {dims or 'D'})")
        if not np.isfinite(rows).all():
            row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise DataError(f"kernel: row {row} of the features holds NaN or infinity; right: finite numbers")
        return np.ascontiguousarray(rows)


class Chi2(Linear):
    """k(x, z) = sum of 2 x_i z_i / (x_i + z_i), 0/0 being 0; for histograms, which are not negative."""

    def _matrix(self, rows):
        return 2 * _kept(harmonic, rows, self._rows)

    def _checked(self, rows, dims=None):
        rows = super()._checked(rows, dims)
        if rows.size and rows.min() < 0:
            raise DataError(f"kernel chi2: found the value {rows.min():.3g}; right: histograms, 0 or more")
        return rows


class Exponential(Linear):
    """Base: k(x, z) = exp(-d(x, z) / (2 s)); a subclass overrides ``_distances`` and, if s is no mean, ``_bandwidth``.

    `bandwidth` s is the mean of d over all pairs of two different training rows.
    """

    def fit(self, rows):
        """As :meth:`Linear.fit`; also sets `bandwidth`."""
        self._rows = self._checked(rows)
        distances = self._distances(self._rows)
        self.bandwidth = self._bandwidth(distances) or 1.0  # rows that are all the same are all alike
        self.train = self._exponential(distances)
        return self

    def _bandwidth(self, distances):
        """s, from the distances (N, N) among training rows, those of a row to itself not counted."""
        count = len(distances)
        return float((distances.sum() - np.trace(distances)) / max(count * (count - 1), 1))

    def _matrix(self, rows):
        return self._exponential(self._distances(rows))

    def _exponential(self, distances):
        distances /= -2 * self.bandwidth
        return np.exp(distances, out=distances)

    def _squares(self, rows):
        """Squared Euclidean distances (M, N) to the training rows."""
        squares, own = (np.einsum("nd,nd->n", array, array, dtype=np.float64) for array in (rows, self._rows))
        return np.maximum(squares[:, None] + own - 2 * _kept(dot, rows, self._rows), 0)


class Exp(Exponential):
    """k(x, z) = exp(-|x - z| / (2 q^2)), with q the first quartile of |x - z| over pairs of different training rows.

    The distance is not squared, q is. Of m sorted distances the first quartile is number ceil(m / 4).
    `bandwidth` is q^2.

    Source: Gou et al., A Systematic Evaluation and Benchmark for Person Re-Identification, TPAMI 2019, kernel 'exp' of
    its code.
    """

    def _distances(self, rows):
        distances = np.sqrt(self._squares(rows))
        if rows is self._rows:
            np.fill_diagonal(distances, 0)  # the root would enlarge what rounding left
        return distances

    def _bandwidth(self, distances):
        pairs = distances[np.triu_indices(len(distances), 1)]
        place = max(-(-len(pairs) // 4) - 1, 0)
        return float(np.partition(pairs, place)[place]) ** 2 if len(pairs) else 0.0


class RBF(Exponential):
    """k(x, z) = exp(-|x - z|^2 / (2 s)), with s the mean of |x - z|^2 over all pairs of different training rows.

    The Gaussian kernel with a bandwidth of our own choice: it is not the kernel 'exp' of any source.
    """

    def _distances(self, rows):
        return self._squares(rows)


class Chi2RBF(Exponential, Chi2):
    """:class:`Exponential` of the chi2 distance, the sum of (x_i - z_i)^2 / (x_i + z_i) with 0/0 = 0; for histograms.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014;
    the bandwidth as in the benchmark code of Gou et al., TPAMI 2019.
    Differs from the source in: the code of the ECCV paper divides by a fixed 1 instead of 2 s.
    """

    def _distances(self, rows):
        sums, own = (array.sum(axis=1, dtype=np.float64) for array in (rows, self._rows))
        return np.maximum(sums[:, None] + own - 4 * _kept(harmonic, rows, self._rows), 0)


KERNELS = {"linear": Linear, "chi2": Chi2, "chi2-rbf": Chi2RBF, "exp": Exp, "rbf": RBF}


def make_kernel(name):
    """An unfitted kernel by name, one of :data:`KERNELS`.

    Raises
    ------
    PluginError
        If there is none of that name.
    """
    if name not in KERNELS:
        raise PluginError(f"kernel {name!r} unknown{did_you_mean(name, KERNELS)}")
    return KERNELS[name]()
