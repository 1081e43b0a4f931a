"""k-reciprocal re-ranking: two images are alike if those that have them among their nearest neighbours are the same.

All query and gallery images form one set of N. Neighbourhoods are sparse (N, N) matrices with few entries a row, and
distances are read in tiles of rows, so that memory is that of the three distance matrices.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gluon_personnet.core.errors import DataError, RecipeError

_TILE_ENTRIES = 2**22


@dataclass(frozen=True)
class KReciprocal:
    """Distances from the overlap of k-reciprocal neighbourhoods, mixed with the original ones.

    N(p, k) is image p with its k nearest others, R(p, k) those q in N(p, k) that have p in N(q, k). R*(p, k1) is
    R(p, k1) and every R(q, k1 / 2), q in R(p, k1), of which two thirds or more lie in R(p, k1). The weight of g for p
    is exp(-distance) in R*(p, k1) and 0 elsewhere; each image's weights are then averaged over itself and its k2 - 1
    nearest others. The Jaccard distance of two images is 1 - (sum of smaller weights) / (sum of larger weights).

    Parameters
    ----------
    k1, k2 : int
        1 or more; k2 = 1 averages nothing.
    share : float
        The lambda of the source, 0 to 1: result = (1 - share) Jaccard + share original.

    Source: Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017, Sections 3.2 to
    3.5; `k1` neighbours besides the image itself and `k2` with it, and the halves rounded, are the project's reading.

    Differs from the source in: distances of any kind are mapped linearly to [0, 1], the same for all pairs, where the
    source takes Mahalanobis distances; those among the query and among the gallery images are made symmetric by the
    mean of both directions; neighbours at equal distances are chosen at random.

    Differs from the code that its authors released in: that code divides each image's weights by their sum before they
    are averaged and compared, where the equations do not; and it adds R(q, k1 / 2) when more than two thirds of it lie
    in R(p, k1), where the equations say two thirds or more.
    """

    k1: int = 20
    k2: int = 6
    share: float = 0.3

    def __post_init__(self):
        for name in ("k1", "k2"):
            if getattr(self, name) < 1:
                raise RecipeError(f"re-ranking: {name}: {getattr(self, name)}; right: a whole number, 1 or more")
        if not 0 <= self.share <= 1:
            raise RecipeError(f"re-ranking: lambda: {self.share}; right: 0 to 1")

    @property
    def card(self) -> str:
        """The line of the protocol card."""
        return (
            f"k-reciprocal, k1 {self.k1}, k2 {self.k2}, lambda {self.share:g}; "
            "neighbours among all query and gallery images"
        )

    def distmat(
        self, distmat: np.ndarray, query_distmat: np.ndarray, gallery_distmat: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Re-rank.

        Parameters
        ----------
        distmat, query_distmat, gallery_distmat : finite float or int (Q, G), (Q, Q), (G, G)
            Smaller is more alike, all on one scale.
        rng : numpy.random.Generator
            Chooses among equally near neighbours.

        Returns
        -------
        float64 (Q, G)
            In [0, 1]; smaller is more alike.

        Raises
        ------
        DataError
            If a shape, dtype or value is wrong, or there are too few images for k1 or k2.
        """
        images = _Images(distmat, query_distmat, gallery_distmat)
        needed = max(self.k1 + 1, self.k2)
        if images.count < needed:
            found = f"{images.count} query and gallery images for k1 {self.k1}, k2 {self.k2}"
            raise DataError(f"re-ranking: {found}; right: at least {needed}")
        nearest = images.nearest(needed, rng)
        weights = images.weights(_neighbourhoods(nearest, self.k1))
        weights = _membership(nearest, self.k2) @ weights / self.k2
        num_query = len(distmat)
        jaccard = _jaccard(weights[:num_query], weights[num_query:])
        return (1 - self.share) * jaccard + self.share * images.scaled(distmat)


class _Images:
    """All images, queries first, and the distances between any two of them, mapped to [0, 1]."""

    def __init__(self, distmat, query_distmat, gallery_distmat):
        self._across, self._queries, self._gallery = distmat, query_distmat, gallery_distmat
        _check_square("query_distmat", query_distmat, distmat.shape[0])
        _check_square("gallery_distmat", gallery_distmat, distmat.shape[1])
        blocks = (distmat, query_distmat, gallery_distmat)
        self.count = sum(distmat.shape)
        self._low = float(min(block.min() for block in blocks))
        self._range = float(max(block.max() for block in blocks)) - self._low or 1.0

    def scaled(self, distances):
        return (distances - self._low) / self._range

    def _tiles(self):
        """(rows, their distances to all images float64 (B, N)), an image having distance 0 to itself."""
        step = max(1, _TILE_ENTRIES // self.count)
        num_query = len(self._across)
        sides = (0, self._queries, self._across), (num_query, self._gallery, self._across.T)
        for first, among, across in sides:
            for start in range(0, len(among), step):
                rows = slice(start, min(start + step, len(among)))
                symmetric = (self.scaled(among[rows]) + self.scaled(among[:, rows]).T) / 2
                np.fill_diagonal(symmetric[:, rows], 0)
                tile = (symmetric, self.scaled(across[rows]))
                yield slice(first + rows.start, first + rows.stop), np.hstack(tile if first == 0 else tile[::-1])

    def nearest(self, count, rng):
        """Each image and its nearest others, int64 (N, count), nearest first."""
        order = rng.permutation(self.count)  # so that equal distances know no order of the images
        found = np.empty((self.count, count), np.int64)
        for rows, distances in self._tiles():
            np.fill_diagonal(distances[:, rows], -1)  # itself comes first
            distances = distances[:, order]
            columns = np.argpartition(distances, count - 1, axis=1)[:, :count]
            ranked = np.argsort(np.take_along_axis(distances, columns, axis=1), axis=1)
            found[rows] = order[np.take_along_axis(columns, ranked, axis=1)]
        return found

    def weights(self, members):
        """exp(-distance) at the entries of a sparse (N, N) matrix."""
        weights = np.empty(members.nnz)
        for rows, distances in self._tiles():
            bounds = members.indptr[rows.start : rows.stop + 1]
            entries = slice(bounds[0], bounds[-1])
            row = np.repeat(np.arange(len(distances)), np.diff(bounds))
            weights[entries] = np.exp(-distances[row, members.indices[entries]])
        return sparse.csr_matrix((weights, members.indices, members.indptr), members.shape)


def _check_square(name, distances, size):
    if distances.shape != (size, size) or distances.dtype.kind not in "fiu":
        raise DataError(f"{name}: {distances.dtype} of shape {distances.shape}; right: numbers {(size, size)}")
    bad = np.argwhere(~np.isfinite(distances))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{name}: {distances[row, column]} at row {row}, column {column}; right: finite numbers")


def _membership(nearest, count):
    """Sparse int (N, N): 1 where column is one of the `count` nearest of row."""
    size = len(nearest)
    rows, columns = np.repeat(np.arange(size), count), nearest[:, :count].ravel()
    return sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), (size, size))


def _neighbourhoods(nearest, k1):
    """R* of every image, as the entries of a sparse (N, N) matrix."""
    whole, half = (_membership(nearest, k + 1) for k in (k1, round(k1 / 2)))
    whole, half = whole.multiply(whole.T).tocsr(), half.multiply(half.T).tocsr()
    common = (whole @ half.T).multiply(whole).tocoo()  # at (p, q): how many of R(q, k1 / 2) lie in R(p, k1)
    size = np.diff(half.indptr)
    enough = 3 * common.data >= 2 * size[common.col]
    added = sparse.csr_matrix((common.data[enough], (common.row[enough], common.col[enough])), whole.shape)
    return (whole + added @ half).tocsr()


def _jaccard(query, gallery):
    """Jaccard distances float64 (Q, G) between the rows of two sparse matrices of weights, (Q, N) and (G, N)."""
    by_column = gallery.tocsc()
    query_sum, gallery_sum = (np.asarray(weights.sum(axis=1)).ravel() for weights in (query, gallery))
    num_gallery = gallery.shape[0]
    distances = np.empty((query.shape[0], num_gallery))
    step = max(1, _TILE_ENTRIES // num_gallery)
    for start in range(0, len(distances), step):
        part = query[start : start + step]
        row = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        # Each weight of a query meets the weights that gallery images have in the same column.
        first, stop = by_column.indptr[part.indices], by_column.indptr[part.indices + 1]
        met = stop - first
        at = np.arange(met.sum()) + np.repeat(first - (np.cumsum(met) - met), met)
        smaller = np.minimum(np.repeat(part.data, met), by_column.data[at])
        cell = np.repeat(row, met) * num_gallery + by_column.indices[at]
        shared = np.bincount(cell, smaller, part.shape[0] * num_gallery).reshape(-1, num_gallery)
        total = query_sum[start : start + step, None] + gallery_sum
        distances[start : start + step] = 1 - shared / (total - shared)
    return distances
