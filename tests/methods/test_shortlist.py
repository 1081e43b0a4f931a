"""What is scored, what stands behind it, and how much of the truth a shortlist keeps; agreement of precisions."""

import numpy as np
import pytest

from gluon_personnet.evaluation.agreement import agreement, cmc_changes, recall
from gluon_personnet.evaluation.distances import check_distmat
from gluon_personnet.methods.shortlist import behind
from gluon_personnet.report.text import agreement_text


def test_what_was_not_scored_stands_behind_in_its_order():
    scores = np.array([[5.0, -1.0], [2.0, 3.0]])
    order = np.array([[3, 0, 1, 2], [1, 2, 0, 3]])
    distmat = behind(scores, order)
    np.testing.assert_array_equal(distmat, [[-1.0, 6.0, 7.0, 5.0], [6.0, 2.0, 3.0, 7.0]])


def test_a_shortlist_of_all_changes_nothing():
    scores = np.random.default_rng(0).random((3, 4))
    order = np.argsort(scores[:, ::-1], axis=1)
    np.testing.assert_array_equal(behind(np.take_along_axis(scores, order, axis=1), order), scores)


def listed(columns, *labels):
    """Distances of a shortlist that holds these columns."""
    matrix = np.ones((len(columns), len(labels[2])))
    np.put_along_axis(matrix, np.array(columns), 0.0, axis=1)
    return check_distmat(matrix, *labels)


def test_recall_by_hand():
    """Query 0 has two true matches of which one is listed; query 1 none listed; query 2 has none at all."""
    query = np.array([1, 2, 9]), np.array([0, 0, 0])
    gallery = np.array([1, 1, 2, 1, -1]), np.array([1, 2, 1, 0, 1])
    found = recall(2, listed([[0, 3], [0, 3], [1, 2]], *query, *gallery))
    assert found == {"recall": pytest.approx(1 / 3), "queries_with_a_match": 0.5}


def test_recall_with_one_camera_counts_the_person():
    pids, camids = np.array([1, 2]), np.array([0, 0])
    assert recall(1, listed([[0], [0]], pids, camids, pids, camids)) == {"recall": 0.5, "queries_with_a_match": 0.5}


def test_agreement_by_hand():
    exact = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    reduced = np.array([[0.0, 1.0, 2.0], [1.5, 1.0, 2.0]])
    found = agreement(exact, reduced)
    assert found["largest_change"] == 1.5 and found["mean_change"] == 0.25 and found["spread"] == 2.0
    assert found["kendall_tau"] == pytest.approx((1 + 1 / 3) / 2)
    assert found["smallest_kendall_tau"] == pytest.approx(1 / 3)
    assert found["same_first"] == 0.5


def test_agreement_in_words():
    exact, reduced = ([{"protocol": "p", "cmc": {"1": {"mean": mean}}}, {"protocol": "q"}] for mean in (0.5, 0.25))
    changes = cmc_changes(exact, reduced)
    assert changes == {"p": {"1": -0.25}}
    found = {**agreement(np.eye(3), np.eye(3)), "speed": 3.0, "cmc": changes}
    text = agreement_text(found, "int8")
    assert text.startswith("int8 against float32\n") and "rank-1 -25.00 (p)" in text and "3.00 times" in text
