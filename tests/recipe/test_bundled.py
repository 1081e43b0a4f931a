"""The bundled recipes that train PersonNet are one recipe for all data sets."""

import pytest

from gluon_personnet.recipe.bundled import recipe_path
from gluon_personnet.recipe.parsing import load_recipe


def sections(name):
    return load_recipe(recipe_path(name), ()).to_dict()


@pytest.mark.parametrize("name", ["cuhk03", "viper"])
def test_only_the_section_of_the_data_set_differs(name):
    ours, other = sections("cuhk01"), sections(name)
    assert {key for key in ours if ours[key] != other[key]} == {"dataset"}


def test_market_has_its_protocol_and_queries_from_any_camera():
    ours, market = sections("cuhk01"), sections("market1501")
    assert {key for key in ours if ours[key] != market[key]} == {"dataset", "evaluation", "training"}
    assert market["training"] == {**ours["training"], "view_order": "random"}
    assert market["evaluation"] == {"protocol": "market1501", "mirrored": True, "options": {}}


@pytest.mark.parametrize("name", ["cuhk01", "cuhk03", "viper", "market1501", "cuhk01-strong", "toy"])
def test_no_default_has_a_head_in_closed_form(name):
    assert sections(name)["training"]["metric_head_at"] == 1.0


def test_the_closed_form_is_a_variant_of_its_own():
    ours, variant = sections("cuhk01"), sections("cuhk01-metric-head")
    assert variant == {**ours, "training": {**ours["training"], "metric_head_at": 0.9}}
