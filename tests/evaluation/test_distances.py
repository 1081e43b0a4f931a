"""What is accepted as a matrix of distances."""

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXACT_INTEGERS, check_distmat

LABELS = ([0], [0], [0, 1], [1, 1])


@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_that_float64_cannot_tell_apart_are_refused(sign):
    fine = np.array([[sign * EXACT_INTEGERS, sign * (EXACT_INTEGERS - 1)]])
    assert check_distmat(fine, *LABELS).distmat is fine
    with pytest.raises(DataError, match="distmat: int64 up to 9007199254740993; right: whole numbers within 2"):
        check_distmat(fine + sign, *LABELS)


def test_unsigned_numbers_too():
    with pytest.raises(DataError, match="uint64 up to 18446744073709551615"):
        check_distmat(np.array([[2**64 - 1, 2**64 - 2]], np.uint64), *LABELS)


@pytest.mark.parametrize("dtype", [bool, complex, object, "U3"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(DataError, match=r"right: numbers \(num_query, num_gallery\)"):
        check_distmat(np.array([[0, 1]]).astype(dtype), *LABELS)
