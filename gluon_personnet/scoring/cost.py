"""What a scoring run will take."""

import time

from tqdm import tqdm

LONG_SECONDS = 60


class Cost:
    """What a scoring run will take, judged by its first tiles.

    Parameters
    ----------
    pairs : int
        Pairs to score, padding included.
    """

    WARM_TILES, TILES, AT_LEAST_SECONDS = 2, 8, 3.0

    def __init__(self, pairs):
        self.pairs, self.seconds, self.rate = pairs, None, None
        self._tiles, self._measured, self._start = 0, 0, 0.0

    def add(self, pairs):
        """Count a finished tile; True once, when the estimate is there."""
        if self.seconds is not None:
            return False
        self._tiles += 1
        if self._tiles <= self.WARM_TILES:  # these also build the graph
            self._start = time.perf_counter()
            return False
        self._measured += pairs
        elapsed = time.perf_counter() - self._start
        if self._tiles < self.WARM_TILES + self.TILES or elapsed < self.AT_LEAST_SECONDS:
            return False
        self.rate = self._measured / elapsed
        self.seconds = self.pairs / self.rate
        return True

    def __str__(self):
        return (
            f"{self.pairs:,} pairs in about {tqdm.format_interval(self.seconds)}, {self.rate:,.0f} pairs/s "
            f"judged by the first {self._tiles} tiles"
        )
