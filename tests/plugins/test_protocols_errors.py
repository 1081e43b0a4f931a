"""All protocols that define a CMC: cards, and what they refuse."""

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError, GpnetError, PluginError
from gluon_personnet.plugin.contracts import Measures
from protocol_cases import ENTRIES, leaves, many_images, measure, two_views


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_card_and_types(name):
    measures = measure(name, many_images(10))
    assert isinstance(measures, Measures)
    assert {"gallery", "query", "exclusion", "repeats", "ties"} <= set(measures.card)
    assert all(isinstance(text, str) and text for text in measures.card.values())
    assert all(type(value) in (float, int, type(None)) for value in leaves(measures.others))
    assert type(measures.queries_used) is int and type(measures.queries_skipped) is int


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_no_true_match_at_all_says_how_many_which_and_why(name):
    problem = (np.ones((3, 2)), np.array([3, 3, 4]), np.zeros(3, int), np.array([3, 9]), np.array([0, 0]))
    with pytest.raises(DataError) as error:
        measure(name, problem)
    total = 2 if name in ("market1501-multi-query", "multi-shot-sets") else 3
    same = total - 1
    assert f"protocol {name!r}: none of {total} queries has a true match" in str(error.value)
    assert "1 of pid 4 not in the gallery" in str(error.value)
    assert f"{same} of pid 3 there, but excluded" in str(error.value)


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"open-reid-cuhk03", "torchreid-cuhk03"}))
def test_images_without_a_camera(name):
    distmat, query_pids, _, gallery_pids, _ = two_views(11)
    nowhere = np.zeros(12, int)
    with pytest.raises(DataError, match="--protocol-set use_cameras=false$"):
        measure(name, (distmat, query_pids, nowhere, gallery_pids, nowhere))
    measures = measure(name, (distmat, query_pids, nowhere, gallery_pids, nowhere), use_cameras=False)
    assert measures.queries_used == 12


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_a_distance_that_is_not_finite_is_refused(name):
    problem = two_views(12)
    problem[0][3, 4] = np.nan
    with pytest.raises(DataError, match="nan at query row 3, gallery column 4"):
        measure(name, problem)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("single-shot", {"trials": 0}, "protocol 'single-shot': trials: found 0; right: a whole number, 1 or more"),
        ("single-shot", {"query": "some"}, "query: found 'some'; right: 'all' or 'one'"),
        ("single-shot-exact", {"max_rank": -2}, "max_rank: found -2; right: a whole number"),
        ("multi-shot", {"distance": "median"}, "distance: found 'median'; right: 'minimum' or 'mean'"),
        ("market1501", {"max_rank": 0}, "max_rank: found 0"),
        ("open-reid-cuhk03", {"repeats": -1}, "repeats: found -1"),
        ("open-set", {"absent": 1}, "absent: found 1; right: a number, above 0 and below 1"),
        ("verification", {"slope": 1.0}, "slope: 1.0, offset: None; right: both or neither"),
    ],
)
def test_wrong_options_are_refused(name, options, message):
    with pytest.raises(GpnetError, match=message):
        ENTRIES[name].build(**options)


def test_unknown_option_is_refused():
    with pytest.raises(PluginError, match="did you mean 'trials'"):
        ENTRIES["single-shot"].build(trails=3)
