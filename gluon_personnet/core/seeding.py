"""One seed, many independent generators: every random choice names its purpose.

A generator depends on (seed, purpose, numbers) only, never on what was drawn before. So longer training does not
change the trials of an evaluation, and a run resumed at step k draws what it would have drawn without the stop.
"""

import hashlib

import numpy as np


def derive(seed: int, purpose: str, *numbers: int) -> int:
    """A 32-bit seed for a purpose, e.g. ``derive(1, "dropout", step)``."""
    return int(_sequence(seed, purpose, numbers).generate_state(1)[0])


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """An independent ``numpy.random.Generator`` for a purpose, e.g. ``generator(1, "pairs", step)``."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, numbers)))


def _sequence(seed, purpose, numbers):
    digest = hashlib.sha256(purpose.encode()).digest()
    return np.random.SeedSequence([seed, int.from_bytes(digest[:8], "little"), *numbers])
