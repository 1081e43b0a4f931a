"""ITML, LDM and LMNN: gradients, constraints, and objectives that fall."""

import itertools

import numpy as np
import pytest
from gpnet_metrics.itml import ITML, project_cyclically
from gpnet_metrics.ldm import LDM, likelihood
from gpnet_metrics.lmnn import LMNN, MarginProblem, descend
from gpnet_metrics.pairs import camera_blocks, positive_pairs

from crowd import people

RNG = np.random.default_rng(11)


def numeric_gradient(function, place, step=1e-6):
    gradient = np.empty(place.size)
    for index in range(place.size):
        moved = np.zeros(place.size)
        moved[index] = step
        moved = moved.reshape(place.shape)
        gradient[index] = (function(place + moved) - function(place - moved)) / (2 * step)
    return gradient.reshape(place.shape)


# --- LDM --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cameras", [(0, 1), (0, 0, 1, 2), (4, 4, 4)])
@pytest.mark.parametrize("width", [5, 2])
def test_gradient_of_the_likelihood(cameras, width):
    rows, pids, camids = people(5, dims=5, cameras=cameras)
    blocks = camera_blocks(pids, camids)
    place = np.append(0.4 * RNG.normal(size=5 * width), 0.7)
    gradient = likelihood(place, rows, blocks)[1]
    numeric = numeric_gradient(lambda at: likelihood(at, rows, blocks)[0], place)
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)


def test_likelihood_against_enumeration():
    rows, pids, camids = people(5, dims=4, cameras=(0, 1, 1))
    projection, bias = RNG.normal(size=(4, 3)), 0.7
    losses = {True: [], False: []}
    for i, j in itertools.combinations(range(len(rows)), 2):
        if camids[i] != camids[j]:
            chance = 1 / (1 + np.exp(((rows[i] - rows[j]) @ projection) @ ((rows[i] - rows[j]) @ projection) - bias))
            same = pids[i] == pids[j]
            losses[same].append(-np.log(chance if same else 1 - chance))
    found = likelihood(np.append(projection, bias), rows, camera_blocks(pids, camids))[0]
    assert found == pytest.approx(np.mean(losses[True]) + np.mean(losses[False]), rel=1e-12)


def test_ldm_parts_what_can_be_parted():
    rows, pids, camids = people(12, dims=4, noise=0)
    rows = np.hstack([rows, RNG.normal(size=(len(rows), 3)) * 20])  # noise that drowns the people
    distances = LDM(0.0).fit(rows, pids, camids).distance(rows, rows)
    same = (pids[:, None] == pids) & (camids[:, None] != camids)
    different = (pids[:, None] != pids) & (camids[:, None] != camids)
    assert distances[same].max() < distances[different].min()


# --- LMNN -------------------------------------------------------------------------------------------------------------


def margin_loss(rows, pids, camids, push, projection):
    """The objective by loops: targets are nearest in the rows as they are."""
    losses = []
    for i in range(len(rows)):
        for camid in set(camids[camids != camids[i]]):
            there = np.flatnonzero(camids == camid)
            targets = [j for j in there if pids[j] == pids[i]]
            if not targets:
                continue
            target = min(targets, key=lambda j: ((rows[i] - rows[j]) ** 2).sum())
            pulled = (((rows[i] - rows[target]) @ projection) ** 2).sum()
            pushed = [
                max(0, 1 + pulled - (((rows[i] - rows[l]) @ projection) ** 2).sum())
                for l in there  # noqa: E741
                if pids[l] != pids[i]
            ]
            losses.append((1 - push) * pulled + push * sum(pushed))
    return np.mean(losses)


@pytest.mark.parametrize("cameras", [(0, 1), (0, 0, 1, 2)])
def test_margin_problem_against_loops_and_its_gradient(cameras):
    rows, pids, camids = people(6, dims=4, cameras=cameras)
    projection = RNG.normal(size=(4, 4))
    problem = MarginProblem(rows, pids, camids, push=0.3)
    loss, gradient = problem.evaluate(projection)
    assert loss == pytest.approx(margin_loss(rows, pids, camids, 0.3, projection), rel=1e-12)
    numeric = numeric_gradient(lambda at: problem.evaluate(at)[0], projection)
    np.testing.assert_allclose(gradient, numeric, atol=1e-6)


def test_margin_problem_of_one_camera():
    rows, pids, _ = people(6, dims=4, cameras=(0, 0, 0))
    cameras = np.arange(len(rows))  # any two rows may be a pair, but then every row has a target in each camera
    problem = MarginProblem(rows, pids, np.zeros(len(rows), int), push=0.3)
    projection = RNG.normal(size=(4, 4))
    numeric = numeric_gradient(lambda at: problem.evaluate(at)[0], projection)
    np.testing.assert_allclose(problem.evaluate(projection)[1], numeric, atol=1e-6)
    assert len(positive_pairs(pids, cameras)) == 18


def test_the_margin_objective_never_rises():
    rows, pids, camids = people(30, noise=1.0)
    problem = MarginProblem(rows, pids, camids, push=0.5)
    projection, losses = descend(problem, 100, 0)
    assert len(losses) > 20 and (np.diff(losses) < 0).all() and losses[-1] < 0.7 * losses[0]
    assert problem.evaluate(projection)[0] == losses[-1]


def test_lmnn_raises_nearest_neighbour_accuracy_on_elongated_classes():
    rng = np.random.default_rng(3)
    pids, camids = np.repeat(np.arange(3), 60), np.tile([0, 1], 90)
    rows = np.stack([rng.normal(size=180) * 30, pids * 2.0 + rng.normal(size=180) * 0.4], axis=1)
    train, test = np.arange(180) % 4 < 2, np.arange(180) % 4 >= 2

    def accuracy(distances):
        return (pids[train][distances.argmin(axis=1)] == pids[test]).mean()

    before = accuracy(((rows[test][:, None] - rows[train]) ** 2).sum(axis=2))
    after = accuracy(LMNN(0.0).fit(rows[train], pids[train], camids[train]).distance(rows[test], rows[train]))
    assert before < 0.85 and after > 0.95


# --- ITML -------------------------------------------------------------------------------------------------------------


def test_itml_satisfies_its_softened_constraints_and_stays_definite():
    rows, pids, _ = people(6, dims=4, cameras=(0, 1))
    pairs = np.array(list(itertools.combinations(range(len(rows)), 2)))
    differences = rows[pairs[:, 0]] - rows[pairs[:, 1]]
    signs = np.where(pids[pairs[:, 0]] == pids[pairs[:, 1]], 1, -1)
    bounds = np.where(signs > 0, 1.0, 6.0)
    matrix, slack, converged = project_cyclically(differences, signs, bounds, 1.0, 1e-5, 10**6)
    distances = np.einsum("pi,ij,pj->p", differences, matrix, differences)
    assert converged
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert (signs * (distances - slack) < 1e-4 * slack).all()
    assert (signs * (slack - bounds) > -1e-9).all()  # softened outwards only


def test_itml_leaves_the_identity_where_it_satisfies():
    differences, signs = np.array([[1.0, 0.0], [0.0, 5.0]]), np.array([1, -1])
    matrix, slack, converged = project_cyclically(differences, signs, np.array([2.0, 20.0]), 1.0, 1e-3, 100)
    np.testing.assert_array_equal(matrix, np.eye(2))
    assert converged and slack.tolist() == [2.0, 20.0]


def test_itml_projects_onto_a_single_constraint():
    """With a high price of slack one pair ends at its bound; LogDet keeps all other directions."""
    matrix, _, _ = project_cyclically(np.array([[2.0, 0.0]]), np.array([1]), np.array([1.0]), 1e9, 1e-12, 1000)
    np.testing.assert_allclose(matrix, np.diag([0.25, 1.0]), atol=1e-6)
    matrix, _, _ = project_cyclically(np.array([[2.0, 0.0]]), np.array([-1]), np.array([9.0]), 1e9, 1e-12, 1000)
    np.testing.assert_allclose(matrix, np.diag([2.25, 1.0]), atol=1e-6)


def test_itml_with_equal_rows():
    rows, pids, camids = people(8, noise=0)  # every same pair at distance 0
    assert np.isfinite(ITML(0.0).fit(rows, pids, camids).distance(rows, rows)).all()


# --- all three --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [LDM, ITML, LMNN], ids=["ldm", "itml", "lmnn"])
def test_rotation_and_unit_change_no_ranking(make):
    rows, pids, camids = people()
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    distances = make(0.0).fit(rows, pids, camids).distance(rows[:9], rows)
    moved = make(0.0).fit(rows @ turn, pids, camids).distance(rows[:9] @ turn, rows @ turn)
    np.testing.assert_allclose(moved, distances, rtol=0.01, atol=0.01 * distances.max())
    larger = make(0.0).fit(1000 * rows, pids, camids).distance(1000 * rows[:9], 1000 * rows)
    larger *= distances.max() / larger.max()
    np.testing.assert_allclose(larger, distances, rtol=0.01, atol=0.01 * distances.max())
