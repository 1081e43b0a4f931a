"""How a distance matrix is cut into tiles, its units of work. No MXNet here."""

from typing import NamedTuple


class Tile(NamedTuple):
    """A block of a distance matrix: rows top..top+height-1, columns left..left+width-1."""

    number: int
    top: int
    left: int
    height: int
    width: int

    @property
    def rows(self):
        """The rows as a slice."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self):
        """The columns as a slice."""
        return slice(self.left, self.left + self.width)


class Tiling:
    """Cuts a (num_query, num_gallery) matrix into equal tiles, numbered by rows of tiles.

    All tiles are computed in one shape; the last ones of a row or column, which may be smaller, are computed padded.

    Parameters
    ----------
    num_query, num_gallery : int
        Above 0.
    rows, columns : int
        The most rows and columns of a tile; fewer where that covers the matrix with less padding.
    """

    def __init__(self, num_query, num_gallery, rows, columns):
        self.shape = num_query, num_gallery
        self.rows, self.columns = _even_share(num_query, rows), _even_share(num_gallery, columns)
        self._across = -(-num_gallery // self.columns)
        self._down = -(-num_query // self.rows)

    def __len__(self):
        return self._down * self._across

    def __getitem__(self, number):
        """The tile of that number, 0..len - 1."""
        if not 0 <= number < len(self):
            raise IndexError(f"tile {number} of {len(self)}")
        down, across = divmod(number, self._across)
        top, left = down * self.rows, across * self.columns
        height, width = min(self.rows, self.shape[0] - top), min(self.columns, self.shape[1] - left)
        return Tile(number, top, left, height, width)


def _even_share(total, most):
    """The size of equal parts, at most `most`, that cover `total` with the least padding."""
    return -(-total // -(-total // min(most, total)))
