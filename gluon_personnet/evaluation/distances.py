"""A distance matrix with its labels, checked."""

from typing import Any, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from gluon_personnet.core.errors import DataError

JUNK_PID = -1
"""Identity of gallery boxes that count neither as a match nor as a mistake."""

EXCLUSIONS = {
    "junk": "gallery images of pid -1",
    "same-person-and-camera": "gallery images of pid -1, and those of the query's pid in the query's camera",
    "camera": "gallery images of pid -1, and all of the query's camera",
}
"""Which gallery images are no candidates for a query: name -> the sentence for the protocol card."""

TIES = "equal distances stand in the order of a seeded permutation of the gallery"
"""The tie rule, for the protocol card."""

EXACT_INTEGERS = 2**53
"""Up to here float64 tells whole numbers apart; distances are compared in it."""

_TILE_MIB = 18  # larger tiles leave the cache and are slower, however much memory there is


class Distances(NamedTuple):
    """A checked distance matrix and its labels, as :func:`check_distmat` returns them.

    Attributes: `distmat`, finite float or int (Q, G), smaller is more alike; `query_pids`, `query_camids` int64 (Q,);
    `gallery_pids`, `gallery_camids` int64 (G,), pid -1 being junk.
    """

    distmat: np.ndarray
    query_pids: np.ndarray
    query_camids: np.ndarray
    gallery_pids: np.ndarray
    gallery_camids: np.ndarray

    def queries(self, rows: Any) -> "Distances":
        """Those of these queries only."""
        return Distances(self.distmat[rows], self.query_pids[rows], self.query_camids[rows], *self[3:])

    def gallery(self, columns: Any) -> "Distances":
        """The distances with these gallery images only."""
        return Distances(self.distmat[:, columns], *self[1:3], self.gallery_pids[columns], self.gallery_camids[columns])

    def masks(self, rows: Any, exclude: str) -> Tuple[np.ndarray, np.ndarray]:
        """True matches and excluded images of some queries.

        Parameters
        ----------
        rows : slice or int array (B,)
        exclude : str
            A key of :data:`EXCLUSIONS`.

        Returns
        -------
        match, excluded : bool (B, G)
            Never both True.
        """
        match = self.query_pids[rows, None] == self.gallery_pids
        junk = self.gallery_pids == JUNK_PID
        if exclude == "junk":
            excluded = np.broadcast_to(junk, match.shape)
        else:
            excluded = self.query_camids[rows, None] == self.gallery_camids
            if exclude == "same-person-and-camera":
                excluded &= match
            excluded |= junk
        match &= ~excluded
        return match, excluded

    def tiles(self, memory_mib: float, order: Optional[np.ndarray] = None) -> Iterator[np.ndarray]:
        """Rows in pieces that fit the budget, one row at least, as int arrays; 24 bytes are counted for an entry."""
        size = max(1, int(min(memory_mib, _TILE_MIB) * 2**20 // (24 * self.distmat.shape[1])))
        order = np.arange(len(self.distmat)) if order is None else order
        return (order[start : start + size] for start in range(0, len(order), size))


def check_distmat(
    distmat: Any, query_pids: Any, query_camids: Any, gallery_pids: Any, gallery_camids: Any
) -> Distances:
    """Check shapes and values of a distance matrix and its labels.

    Parameters
    ----------
    distmat : array_like of float or int (Q, G)
        Kept as it is, without a copy.
    query_pids, query_camids, gallery_pids, gallery_camids : array_like of int (Q,), (Q,), (G,), (G,)

    Returns
    -------
    Distances

    Raises
    ------
    DataError
        If a shape or dtype is wrong, nothing is there, or an entry is not finite: the first such entry.

    Examples
    --------
    >>> check_distmat([[0.5, float("nan")]], [3], [0], [3, 4], [1, 1])
    Traceback (most recent call last):
    gluon_personnet.core.errors.DataError: distmat: nan at query row 0, gallery column 1; right: finite numbers
    """
    distmat = np.asarray(distmat)
    if distmat.ndim != 2 or distmat.dtype.kind not in "fiu":
        raise DataError(f"distmat: {distmat.dtype} of shape {distmat.shape}; right: numbers (num_query, num_gallery)")
    if distmat.dtype.kind in "iu" and distmat.dtype.itemsize == 8 and distmat.size:
        largest = max(int(distmat.max()), -int(distmat.min()))
        if largest > EXACT_INTEGERS:
            raise DataError(
                f"distmat: {distmat.dtype} up to {largest}; right: whole numbers within 2**53, as float64 holds exactly"
            )
    if not distmat.size:
        raise DataError(f"distmat: shape {distmat.shape} is empty; right: at least one query and one gallery image")
    labels = []
    given = (query_pids, query_camids, gallery_pids, gallery_camids)
    for name, values, length in zip(Distances._fields[1:], given, np.repeat(distmat.shape, 2)):
        values = np.asarray(values)
        if values.shape != (length,) or values.dtype.kind not in "iu":
            right = f"right: integers ({length},) for a distmat of shape {distmat.shape}"
            raise DataError(f"{name}: {values.dtype} of shape {values.shape}; {right}")
        labels.append(values.astype(np.int64))
    distances = Distances(distmat, *labels)
    _check_finite(distances)
    return distances


def _check_finite(distances):
    for rows in distances.tiles(memory_mib=16):
        tile = distances.distmat[rows[0] : rows[-1] + 1]
        finite = np.isfinite(tile)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataError(
                f"distmat: {tile[row, column]} at query row {rows[0] + row}, gallery column {column}; "
                "right: finite numbers"
            )
