"""How much memory a process has used."""

import multiprocessing

import numpy as np

from gluon_personnet.core.parallel import peak_memory_mib


def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it():
    ballast = np.ones(2**26)  # 512 MiB
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        child = pool.apply(peak_memory_mib)
    assert 10 < child < 400 < 512 < peak_memory_mib() and ballast[-1]
