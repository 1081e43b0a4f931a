"""Principal components of training rows, for many dimensions and few rows or the other way round."""

import numpy as np
from scipy.linalg import eigh

from gluon_personnet.core.errors import RecipeError

BLOCK = 2048  # columns turned into float64 at a time
ROWS = 256  # the same for rows
NORMALISE = ("none", "before", "after")


class Reduction:
    """Centring and principal components fitted to training rows, with L2 normalisation before or after them.

    Parameters
    ----------
    n_components : float
        How many components: a whole number from 1; a fraction of the variance between 0 and 1; or 0 for none. Never
        more than the rows span.
    normalise : {'none', 'before', 'after'}
        Whether rows are scaled to length 1, and on which side of the components.
    span : bool
        What 0 components mean where rows are fewer than dimensions: True takes all components, a rotation that changes
        no distance among training rows and spares square matrices of size D; False leaves the rows alone.

    Attributes
    ----------
    power : float
        After :meth:`fit`, the mean squared length of the training rows as given (1 after scaling 'before').

    Raises
    ------
    RecipeError
    """

    def __init__(self, n_components=0.0, normalise="none", span=False):
        if not 0 <= n_components < np.inf or (n_components > 1 and n_components != int(n_components)):
            raise RecipeError(f"n_components: {n_components}; right: 0, a fraction below 1, or a whole number")
        if normalise not in NORMALISE:
            raise RecipeError(f"normalise: {normalise!r}; right: one of {', '.join(NORMALISE)}")
        self._wanted, self._normalise, self._span = n_components, normalise, span
        self._mean = self._components = None

    @property
    def normalises_after(self):
        """Whether rows are scaled after the components, so that no projection can be folded into them."""
        return self._normalise == "after"

    def fit(self, rows):
        """Fit to float (N, D) rows, not all equal, and return them reduced, float64 (N, r). Then call :meth:`keep`."""
        rows = unit_rows(rows) if self._normalise == "before" else rows
        self._mean = rows.mean(axis=0, dtype=np.float64)
        self.power = float(np.einsum("nd,nd->", rows, rows, dtype=np.float64) / len(rows))
        count, dims = rows.shape
        if not self._wanted and not (self._span and dims >= count):
            reduced, self._factors = rows - self._mean, None
        else:
            reduced, self._factors = self._principal(rows)
        self._train = rows
        return unit_rows(reduced) if self._normalise == "after" else reduced

    def keep(self, projection=None):
        """Settle on the map for new rows: the components, followed by float64 (r, k) `projection` if there is one.

        Giving the projection here saves forming all D x r components first. Not with ``normalise='after'``.
        """
        rows, factors = self._train, self._factors
        del self._train, self._factors
        if factors is None:
            self._components = projection
            return
        side, matrix = factors
        if projection is not None:
            matrix = matrix @ projection
        if side == "dims":
            self._components = matrix
            return
        self._components = np.empty((rows.shape[1], matrix.shape[1]))
        for part in _parts(rows.shape[1]):
            self._components[part] = self._centred(rows, part).T @ matrix

    def transform(self, rows):
        """float (N, D) -> float64 (N, r), or (N, k) where a projection was kept."""
        return np.concatenate([self._transform(rows[part]) for part in _parts(len(rows), ROWS)])

    def _transform(self, rows):
        rows = unit_rows(rows) if self._normalise == "before" else rows
        rows = rows - self._mean
        if self._components is not None:
            rows = rows @ self._components
        return unit_rows(rows) if self._normalise == "after" else rows

    def _centred(self, rows, part):
        return rows[:, part] - self._mean[part]

    def _principal(self, rows):
        """Reduced rows, and what the components are made of: themselves (D, r), or the factors (N, r) of the rows.

        With fewer rows than dimensions the components are combinations of the centred rows X: from the Gram matrix
        X X^T = U S U^T they are X^T U S^-1/2, and the rows' coordinates U S^1/2.
        """
        count, dims = rows.shape
        size = min(count, dims)
        square = np.zeros((size, size))
        if dims >= count:
            for part in _parts(dims):
                block = self._centred(rows, part)
                square += block @ block.T
        else:
            for part in _parts(count, ROWS):
                block = rows[part] - self._mean
                square += block.T @ block
        lowest = size - int(self._wanted) if 1 <= self._wanted < size else 0  # fewer cost half the time
        values, vectors = eigh(square, subset_by_index=[lowest, size - 1])
        values, vectors = values[::-1], vectors[:, ::-1]
        rank = self._rank(values, size)
        values, vectors = values[:rank], vectors[:, :rank]
        if dims >= count:
            return vectors * np.sqrt(values), ("rows", vectors / np.sqrt(values))
        reduced = np.concatenate([(rows[part] - self._mean) @ vectors for part in _parts(count, ROWS)])
        return reduced, ("dims", vectors)

    def _rank(self, values, size):
        spanned = max(1, int((values > values[0] * size * np.finfo(np.float64).eps).sum()))
        if 0 < self._wanted < 1:
            share = np.cumsum(values.clip(0)) / values.clip(0).sum()
            return min(spanned, 1 + int(np.searchsorted(share, self._wanted)))
        return min(spanned, int(self._wanted) or size)


def unit_rows(rows):
    """float (N, D) rows scaled to length 1; a row of zeros stays one."""
    rows = rows if rows.dtype.kind == "f" else rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _parts(count, size=BLOCK):
    return (slice(start, start + size) for start in range(0, count, size))
