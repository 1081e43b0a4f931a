"""Figures that other projects' tests and issues state; the matrices are made here from the stated ranks."""

import numpy as np
import pytest

from protocol_cases import ENTRIES, many_images, measure

ZEROS, ONES, FIVE = np.zeros(5, int), np.ones(5, int), np.arange(5)
CMC_1 = np.array([[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [1, 2, 3, 4, 0]], float)


@pytest.mark.parametrize(
    "name", ["market1501", "single-shot", "single-shot-exact", "multi-shot", "open-reid-cuhk03", "torchreid-cuhk03"]
)
def test_open_reid_first_case_of_its_cmc_test(name):
    measures = measure(name, (CMC_1, FIVE, ZEROS, FIVE, ONES))
    np.testing.assert_allclose(measures.cmc[:5], [0.6, 0.6, 0.8, 1, 1])


def ranked(rows, query, query_cameras, gallery, gallery_cameras):
    return tuple(map(np.asarray, (np.asarray(rows, float), query, query_cameras, gallery, gallery_cameras)))


@pytest.mark.parametrize(
    ("ranking", "curve"),
    [
        (ranked(np.tile(np.arange(4), (4, 1)), [0, 0, 1, 1], [0] * 4, [0, 0, 1, 1], [1] * 4), [0.5, 0.5, 1, 1]),
        (
            ranked(np.tile(np.arange(5), (5, 1)), [0, 0, 0, 1, 1], [0] * 5, [0, 0, 0, 1, 1], [0, 1, 1, 1, 1]),
            [0.6, 0.6, 0.6, 1, 1],
        ),
        (ranked([[0, 1, 2, 3], [3, 2, 1, 0]], [0, 5], [0, 0], [0, 0, 0, 5], [1, 0, 0, 1]), [1, 1, 1, 1]),
        (ranked([[3, 2, 1], [1, 2, 3]], [0, 1], [0, 0], [0, 1, 0], [1, 1, 0]), [0, 1, 1]),
        (ranked([[0, 1], [0, 1], [0, 1]], [0, 1, 9], [0] * 3, [0, 1], [1, 1]), [0.5, 1]),
    ],
    ids=["open-reid 2", "open-reid 3", "fast-reid T2", "gallery of three", "query without a match"],
)
def test_curves_of_market1501(ranking, curve):
    np.testing.assert_allclose(measure("market1501", ranking).cmc[: len(curve)], curve)


def test_oml_every_image_is_query_and_gallery():
    """open-metric-learning's exact case: places of the true matches behind the image itself."""
    places = [[0, 1, 3], [0, 3, 4], [1, 2, 4], [2, 3, 4], [0], [3]]
    pids, distmat = np.array([0, 0, 0, 0, 1, 1]), np.zeros((6, 6))
    for query, own in enumerate(places):
        others = np.arange(6) != query
        same = (pids == pids[query]) & others
        distmat[query, same] = 1 + np.array(own)
        distmat[query, others & ~same] = 1 + np.array(sorted(set(range(5)) - set(own)))[: (others & ~same).sum()]
    cameras = np.arange(6)  # one of its own each: only the image itself is left out
    measures = measure("market1501", (distmat, pids, cameras, pids, cameras))
    np.testing.assert_allclose(measures.cmc[:5], [3 / 6, 4 / 6, 5 / 6, 1, 1])
    printed = [0.91667, 0.7, 0.58889, 0.47778, 1, 0.25]
    assert measures.others["mean_ap"]["exact"] == pytest.approx(np.mean(printed), abs=1e-5)


def test_oml_miss_rate_at_ten_per_cent_of_false_matches():
    same, different = [0, 0, 1, 1, 2, 2, 5, 5, 9, 9], [3, 3, 4, 4, 6, 6, 7, 7, 8, 8]
    ranking = ranked([same + different], [0], [0], [0] * 10 + [1] * 10, [1] * 20)
    assert 1 - measure("verification", ranking).others["tpr_at_fpr"]["0.1"] == pytest.approx(0.4)


def test_metric_learning_rank_lists():
    """pytorch-metric-learning, issue 240: rank lists of five; the average precisions are counted by hand."""
    queries = [1, 1, 2, 3, 4]
    lists = [[0, 1, 1, 2, 2], [1, 0, 1, 1, 3], [4, 4, 4, 4, 2], [3, 1, 3, 1, 3], [0, 0, 4, 2, 2]]
    gallery = np.array(sum(lists, []))
    distmat = np.full((5, 25), 100.0)
    for row in range(5):
        distmat[row, 5 * row : 5 * row + 5] = range(5)
    distmat += np.arange(25) * 1e-3
    precisions = []
    for row, pid in enumerate(queries):
        places = 1 + np.flatnonzero(gallery[np.argsort(distmat[row])] == pid)
        precisions.append(np.mean(np.arange(1, len(places) + 1) / places))
    measures = measure("market1501", (distmat, np.array(queries), ZEROS, gallery, np.ones(25, int)))
    assert measures.others["mean_ap"]["exact"] == pytest.approx(np.mean(precisions))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_docstring_says_what_it_was_checked_against(name):
    text = " ".join(ENTRIES[name].load().__doc__.split())
    assert "Checked against: " in text and "difference" in text


@pytest.mark.parametrize(
    ("seed", "cmc", "mean_ap"),
    [
        (0, [0.05, 0.15, 0.225, 0.3, 0.4], 0.12998521936488425),
        (1, [0.075, 0.2, 0.225, 0.225, 0.35], 0.1279196423935141),
    ],
)
def test_market1501_is_what_torchreid_and_open_reid_measure(seed, cmc, mean_ap):
    """CMC of both and mAP of torchreid, run on these distances; junk, which they do not know, is left out."""
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = many_images(seed)
    kept = gallery_pids >= 0
    problem = distmat[:, kept], query_pids, query_camids, gallery_pids[kept], gallery_camids[kept]
    measures = measure("market1501", problem)
    np.testing.assert_allclose(measures.cmc[:5], cmc, atol=1e-12)
    assert measures.others["mean_ap"]["exact"] == pytest.approx(mean_ap, abs=1e-15)
