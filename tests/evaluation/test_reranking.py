"""k-reciprocal re-ranking against the formulas written as sets and loops, and its laws."""

import math

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError, RecipeError
from gluon_personnet.evaluation import reranking
from gluon_personnet.evaluation.reranking import KReciprocal


def euclid(one, other):
    return np.linalg.norm(one[:, None] - other, axis=2)


def make_problem(seed, num_query=9, num_gallery=31):
    """Distances of points in clusters, so that neighbourhoods overlap: across, among queries, among the gallery."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, 4))
    query, gallery = (
        centres[rng.integers(0, 6, count)] + 0.7 * rng.normal(size=(count, 4)) for count in (num_query, num_gallery)
    )
    return euclid(query, gallery), euclid(query, query), euclid(gallery, gallery)


def rerank(problem, seed=0, **options):
    return KReciprocal(**options).distmat(*problem, np.random.default_rng(seed))


def naive(distmat, query_distmat, gallery_distmat, k1, k2, share):
    """Section 3 of Zhong et al. with sets, image by image; distances without ties."""
    whole = np.block([[query_distmat, distmat], [distmat.T, gallery_distmat]])
    whole = (whole - whole.min()) / (whole.max() - whole.min())
    whole = (whole + whole.T) / 2
    images = range(len(whole))
    for image in images:
        whole[image, image] = 0

    def neighbours(p, k):
        return [p] + sorted((q for q in images if q != p), key=lambda q: whole[p, q])[:k]

    def reciprocal(p, k):
        return {q for q in neighbours(p, k) if p in neighbours(q, k)}

    encoded = []
    for p in images:
        members = set(reciprocal(p, k1))
        for q in reciprocal(p, k1):
            candidates = reciprocal(q, round(k1 / 2))
            if len(reciprocal(p, k1) & candidates) >= 2 / 3 * len(candidates) - 1e-9:
                members |= candidates
        encoded.append([math.exp(-whole[p, q]) if q in members else 0.0 for q in images])
    expanded = [
        [sum(encoded[q][g] for q in neighbours(p, k2 - 1)) / len(neighbours(p, k2 - 1)) for g in images] for p in images
    ]
    final = np.empty_like(distmat)
    for p in range(len(distmat)):
        for g in range(distmat.shape[1]):
            pairs = list(zip(expanded[p], expanded[len(distmat) + g]))
            jaccard = 1 - sum(map(min, pairs)) / sum(map(max, pairs))
            final[p, g] = (1 - share) * jaccard + share * whole[p, len(distmat) + g]
    return final


@pytest.mark.parametrize("k1, k2, share", [(20, 6, 0.3), (6, 3, 0.0), (7, 1, 0.5), (1, 1, 0.1), (3, 8, 0.9)])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_equals_the_formulas(seed, k1, k2, share):
    problem = make_problem(seed)
    expected = naive(*problem, k1, k2, share)
    np.testing.assert_allclose(rerank(problem, k1=k1, k2=k2, share=share), expected, rtol=0, atol=1e-12)


def test_neighbourhoods_grow_by_those_of_their_members():
    """Without that step the result would be another: the test above can tell."""
    nearest = reranking._Images(*make_problem(0)).nearest(8, np.random.default_rng(0))
    grown = reranking._neighbourhoods(nearest, 7)
    plain = [{q for q in row if p in nearest[q]} for p, row in enumerate(nearest)]
    sizes = np.diff(grown.indptr)
    assert all(set(grown[p].indices) >= members for p, members in enumerate(plain))
    assert (sizes > [len(members) for members in plain]).any()


def test_lambda_of_1_keeps_the_order_and_the_kind_of_distance_does_not_matter():
    problem = make_problem(2)
    order = np.argsort(problem[0], axis=1)
    np.testing.assert_array_equal(np.argsort(rerank(problem, share=1.0), axis=1), order)
    shifted = [5 * distances - 40 for distances in problem]  # as unbounded as the logit margins of a network
    np.testing.assert_allclose(rerank(shifted), rerank(problem), atol=1e-12)


def test_orders_of_queries_and_gallery_do_not_matter():
    across, query, gallery = make_problem(3)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(len(query)), rng.permutation(len(gallery))
    shuffled = across[rows][:, columns], query[rows][:, rows], gallery[columns][:, columns]
    np.testing.assert_allclose(rerank(shuffled), rerank((across, query, gallery))[rows][:, columns], atol=1e-12)


def test_distances_that_are_not_symmetric_count_by_the_mean_of_both_directions():
    across, query, gallery = make_problem(4)
    skew = np.random.default_rng(0).uniform(-0.2, 0.2, gallery.shape)
    skew = np.where(gallery > 0.5, skew - skew.T, 0)  # what one direction gains the other loses
    gallery[0, 0] = 99  # the range is the same in both; an image's distance to itself counts for nothing else
    assert np.ptp(gallery) == np.ptp(gallery + skew) == 99
    np.testing.assert_allclose(rerank((across, query, gallery + skew)), rerank((across, query, gallery)), atol=1e-12)


def test_the_distance_of_an_image_to_itself_does_not_matter():
    """That of a pair network is a number like any other."""
    across, query, gallery = make_problem(4)
    odd = query + np.diag(np.linspace(0, query.max(), len(query)))
    np.testing.assert_allclose(rerank((across, odd, gallery)), rerank((across, query, gallery)), atol=1e-12)


def test_equal_distances_are_told_apart_by_chance_only():
    """Constant distances: the true matches, which come first in the gallery, are no closer than others on average."""
    problem = np.ones((10, 30)), np.ones((10, 10)), np.ones((30, 30))
    means = [rerank(problem, seed, k1=5, k2=2).mean(axis=0) for seed in range(150)]
    first, others = np.mean(means, axis=0)[:10].mean(), np.mean(means, axis=0)[10:].mean()
    error = np.std([mean[:10].mean() - mean[10:].mean() for mean in means]) / np.sqrt(len(means))
    assert error > 0 and abs(first - others) < 5 * error


def test_tiles_change_nothing(monkeypatch):
    problem = make_problem(5)
    expected = rerank(problem)
    for entries in (1, 90):
        monkeypatch.setattr(reranking, "_TILE_ENTRIES", entries)
        np.testing.assert_array_equal(rerank(problem), expected)


def test_it_helps_where_clusters_are_clear():
    """Points along arcs: the right neighbours are chained together by others in between, Euclid alone errs."""
    rng = np.random.default_rng(0)
    angle = np.concatenate([np.linspace(0, 2.5, 60)] * 2)
    person = np.repeat([0, 1], 60)
    points = np.stack([np.cos(angle), np.sin(angle) + 0.45 * person], 1) + rng.normal(0, 0.01, (120, 2))
    query = np.arange(0, 120, 6)
    gallery = np.setdiff1d(np.arange(120), query)
    problem = [
        euclid(points[one], points[other]) for one, other in ((query, gallery), (query, query), (gallery, gallery))
    ]

    def share_of_the_same_person(distmat):
        nearest = np.argsort(distmat, axis=1)[:, :25]
        return np.mean(person[gallery][nearest] == person[query][:, None])

    assert share_of_the_same_person(rerank(problem, k1=12)) > share_of_the_same_person(problem[0]) + 0.05


def test_arguments_stay_as_they_were():
    problem = make_problem(6)
    before = [distances.copy() for distances in problem]
    rerank(problem)
    for one, other in zip(problem, before):
        np.testing.assert_array_equal(one, other)


def test_the_card_names_all_options():
    assert KReciprocal(15, 4, 0.25).card.startswith("k-reciprocal, k1 15, k2 4, lambda 0.25;")


@pytest.mark.parametrize("options, message", [({"k1": 0}, "k1: 0"), ({"k2": 0}, "k2: 0"), ({"share": 1.1}, "lambda")])
def test_wrong_options_are_refused(options, message):
    with pytest.raises(RecipeError, match=f"^re-ranking: {message}"):
        KReciprocal(**options)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda a, q, g: (a, q[:-1], g), r"^query_distmat: float64 of shape \(8, 9\); right: numbers \(9, 9\)$"),
        (lambda a, q, g: (a, q, g[:, :-1]), r"^gallery_distmat: float64 of shape \(31, 30\); right: numbers \(31, 31"),
        (lambda a, q, g: (a, q.astype(str), g), r"^query_distmat: <U32 of shape"),
        (lambda a, q, g: (a[:2, :3], q[:2, :2], g[:3, :3]), r"^re-ranking: 5 query and gallery images for k1 20, k2 6"),
    ],
)
def test_wrong_input_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        rerank(change(*make_problem(0)))


def test_what_is_not_finite_is_named():
    across, query, gallery = make_problem(0)
    gallery[4, 7] = np.nan
    with pytest.raises(DataError, match="^gallery_distmat: nan at row 4, column 7; right: finite numbers$"):
        rerank((across, query, gallery))
