"""Baselines as files."""

import pytest

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.baselines import bundled_baselines, find_baseline, load_baseline

TEXT = """\
summary: grey and far
source: nobody, nowhere
fidelity: reconstruction
note: "What was left open."
feature:
  name: lomo
  options: {retinex: none}
  per_dataset:
    cuhk01: {height_px: 160, width_px: 60}
metric: {name: euclid}
published:
  viper:
    - {identities: 316/316, protocol: single-shot, cmc: {rank-1: 1.5, rank-10: 20}, printed: Table 7}
"""


def load(tmp_path, text, name="mine.yml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_baseline(path)


def test_a_file_is_an_entry(tmp_path):
    entry = load(tmp_path, TEXT)
    assert (entry.name, entry.summary, entry.fidelity) == ("mine", "grey and far", "reconstruction")
    combination = entry.build()
    assert (combination.feature, combination.metric) == ("lomo", "euclid")
    assert combination.options_on("viper") == {"retinex": "none"}
    assert combination.options_on("cuhk01") == {"retinex": "none", "height_px": 160, "width_px": 60}
    assert entry.load().__doc__ == "What was left open."
    (row,) = entry.published["viper"]
    assert row.cmc == {1: 1.5, 10: 20.0}
    assert str(row) == "316/316 identities, single-shot, rank 1/10: 1.50 / 20.00 (Table 7)"


def test_found_by_name_or_as_a_file(tmp_path):
    manager = PluginManager()
    assert find_baseline(manager, "lomo-xqda").name == "lomo-xqda"
    load(tmp_path, TEXT)
    assert find_baseline(manager, str(tmp_path / "mine.yml")).summary == "grey and far"
    with pytest.raises(GpnetError, match="did you mean 'lomo-xqda'"):
        find_baseline(manager, "lomo-xqd")


def test_bundled_files_start_with_what_they_are():
    assert len(bundled_baselines()) > 20


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("summary:", "sumary:", "sumary: unknown key; did you mean 'summary'?"),
        ("source: nobody, nowhere\n", "", "source: missing"),
        ("fidelity: reconstruction", "fidelity: perfect", "fidelity 'perfect' unknown"),
        ("metric: {name: euclid}", "metric: euclid", "metric: found 'euclid'; right: a section of keys"),
        ("cuhk01: {height_px: 160, width_px: 60}", "cuhk01: 160", "feature.per_dataset.cuhk01: found 160"),
        ("rank-1: 1.5", "rank-1: 150", "found rank-1: 150; right: such as rank-1: 40.00"),
        ("rank-1: 1.5", "first: 1.5", "found first: 1.5; right: such as rank-1: 40.00"),
        ("- {identities", "- {people", "published.viper: people: unknown key"),
        ("    - {identities", "    {identities", "right: a list of rows of figures"),
    ],
)
def test_mistakes_are_one_line_with_the_file(tmp_path, old, new, words):
    assert old in TEXT
    with pytest.raises(GpnetError) as caught:
        load(tmp_path, TEXT.replace(old, new))
    assert words in str(caught.value) and "mine" in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_and_no_mapping(tmp_path):
    with pytest.raises(GpnetError, match="cannot be read"):
        load_baseline(tmp_path / "none.yml")
    with pytest.raises(GpnetError, match="found list; right: keys such as feature:"):
        load(tmp_path, "[1, 2]")
