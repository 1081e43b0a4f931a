"""Work in threads, and how much memory a process has used."""

import multiprocessing
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from gluon_personnet.core.parallel import in_threads, peak_memory_mib


def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it():
    ballast = np.ones(2**26)  # 512 MiB
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        child = pool.apply(peak_memory_mib)
    assert 10 < child < 400 < 512 < peak_memory_mib() and ballast[-1]


def test_in_threads_keeps_the_order_and_stops_at_an_error():
    assert list(in_threads(lambda item: item * 2, range(50))) == list(range(0, 100, 2))
    seen = []

    def fails(item):
        seen.append(item)
        if item == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        list(in_threads(fails, range(10_000)))
    assert len(seen) < 10_000
    assert threading.active_count() < 20


def test_in_threads_numpy_uses_one_thread_each():
    def blas_threads(item):
        return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

    (found,) = in_threads(blas_threads, [0])
    assert found and set(found) == {1}
