"""Features of a few people, for tests of metrics."""

import numpy as np


def people(count=20, dims=6, cameras=(0, 0, 1, 1), noise=0.5, seed=7):
    """Rows around their person's centre, some dimensions noisier than others; shuffled."""
    rng = np.random.default_rng(seed)
    pids, camids = np.repeat(np.arange(count), len(cameras)), np.tile(cameras, count)
    rows = rng.normal(size=(count, dims))[pids]
    rows = rows + rng.normal(size=rows.shape) * np.linspace(0.1, 2, dims) * noise
    order = rng.permutation(len(rows))
    return rows[order], pids[order], camids[order]
