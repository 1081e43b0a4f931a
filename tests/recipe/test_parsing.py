"""Recipes: what is read, what is refused, and how the refusal reads."""

import pytest

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.recipe.parsing import differences, dump_recipe, parse_options, parse_recipe, recipe_from_dict

GOOD = """
seed: 3
dataset: {name: toy, validation_identities: 5}
training: {pairs: 600, batch_pairs: 12, negatives_per_positive: 2}
optimizer: {learning_rate: 1.0e-3}
"""


def parse(text=GOOD, overrides=()):
    return parse_recipe(text, "recipe mine.yml", overrides)


def refused(text=GOOD, overrides=()):
    with pytest.raises(RecipeError) as caught:
        parse(text, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_values_and_defaults():
    recipe = parse()
    assert (recipe.seed, recipe.dataset.name, recipe.optimizer.learning_rate) == (3, "toy", 1e-3)
    assert recipe.network.name == "personnet"
    assert recipe.training.identities == 4


def test_override_wins_and_is_typed():
    recipe = parse(overrides=["training.pairs=1200", "network.options.depth=8", "augmentation.mirror=false"])
    assert recipe.training.pairs == 1200
    assert recipe.network.options == {"depth": 8}
    assert recipe.augmentation.mirror is False


def test_dump_and_dict_read_back():
    recipe = parse(overrides=["optimizer.learning_rate=1.0e-5", "schedule.options.at=[0.5, 0.75]"])
    assert parse(dump_recipe(recipe)) == recipe
    assert recipe_from_dict(recipe.to_dict(), "here") == recipe


def test_differences_name_keys_and_values():
    lines = differences(parse(), parse(overrides=["seed=4", "network.options.depth=8"]))
    assert lines == ["network.options: {} -> absent", "network.options.depth: absent -> 8", "seed: 3 -> 4"]
    assert differences(parse(), parse()) == []


@pytest.mark.parametrize(
    "change, text",
    [
        (
            ("batch_pairs", "bacth_pairs"),
            "recipe mine.yml: training.bacth_pairs: unknown key; did you mean 'batch_pairs'?",
        ),
        (("seed: 3", "sede: 3"), "sede: unknown key; did you mean 'seed'?"),
        (("seed: 3", "seed: 3\nseed: 4"), "line 3: duplicate key 'seed', first on line 2"),
        (("1.0e-3", "1e-3x"), "optimizer.learning_rate: found '1e-3x'; right: a number"),
        (("seed: 3", "seed: 0012"), "'0012' is an octal"),
        (("seed: 3", "seed: 1:30"), "'1:30' is an octal, hexadecimal or base-60"),
        (("pairs: 600", "pairs: 600.5"), "training.pairs: found 600.5; right: a whole number"),
        (("name: toy", "name: on"), "'on' is a boolean"),
        (("pairs: 600", "pairs: 0"), "training.pairs: found 0; right: at least 1"),
        (("batch_pairs: 12", "batch_pairs: 13"), "found 13; right: a multiple of 3"),
        (("1.0e-3", ".nan"), "optimizer.learning_rate: found nan"),
        (("negatives_per_positive: 2", "negatives_per_positive: 0"), "found 0 negatives a positive"),
        (("name: toy, ", ""), "dataset.name: missing"),
        (("seed: 3", "seed: &x 3"), None),
        (("seed: 3", "seed: &x 3\nnetwork: *x"), "aliases are not allowed"),
        (("seed: 3", "seed: [3"), "recipe mine.yml, line"),
        (("seed: 3", "seed: !!python/object/apply:os.system [echo]"), "could not determine a constructor"),
    ],
)
def test_mistakes_are_named_in_one_line(change, text):
    if text is None:
        assert parse(GOOD.replace(*change)).seed == 3
        return
    assert text in refused(GOOD.replace(*change))


@pytest.mark.parametrize(
    "override, text",
    [
        ("training.pairs", "found no '='"),
        ("training.piars=3", "training.piars: unknown key; did you mean 'pairs'?"),
        ("seed.x=3", "'seed' is a value, not a section"),
        ("training.pairs=many", "training.pairs: found 'many'; right: a whole number"),
        ("training=3", "training: found 3; right: a section"),
    ],
)
def test_wrong_overrides(override, text):
    assert text in refused(overrides=[override])


def test_not_a_mapping():
    assert "found list" in refused("- a\n- b")
    assert "found NoneType" in refused("")


def test_options_from_the_command_line():
    assert parse_options(["path=a.zip", "test_identities=3"]) == {"path": "a.zip", "test_identities": 3}


@pytest.mark.parametrize(("text", "value"), [("1e5", 100000), ("1.0e+5", 100000), ("100000", 100000)])
def test_whole_numbers_may_be_written_with_an_exponent(text, value):
    assert parse_recipe(f"dataset: {{name: toy}}\ntraining: {{pairs: {text}}}\n", "x").training.pairs == value


def test_numbers_with_an_exponent_and_dates_are_what_they_look_like():
    assert parse_options(["rate=1e-4", "path=2024-01-15", "name=1e", "big=-2E+3"]) == {
        "rate": 1e-4,
        "path": "2024-01-15",
        "name": "1e",
        "big": -2000.0,
    }
