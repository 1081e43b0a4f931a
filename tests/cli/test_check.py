"""gpnet check: recipes, baselines and data sets."""

import pytest

BASELINE = """\
summary: mine
source: nobody
fidelity: reconstruction
feature: {name: lomo, per_dataset: {viper: {height_px: 64}}}
metric: {name: kissme, options: {n_components: 30.0}}
published:
  viper:
    - {identities: 316/316, protocol: single-shot, cmc: {rank-1: 1.5}, printed: Table 7}
"""


def test_a_baseline_file_and_a_registered_baseline(gpnet, tmp_path):
    (tmp_path / "mine.yml").write_text(BASELINE)
    output = gpnet("check", "mine.yml").output
    assert "metric kissme {'n_components': 30.0}" in output and "published on viper: 316/316" in output
    assert output.endswith("baseline mine: no problems found\n")
    assert gpnet("check", "lomo-xqda").output.endswith("baseline lomo-xqda: no problems found\n")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("name: lomo", "name: loom", "no feature is named 'loom'; did you mean 'lomo'"),
        (
            "height_px: 64",
            "heigt_px: 64",
            "mine: feature: unknown option 'heigt_px'; did you mean 'height_px'",
        ),
        ("height_px: 64", "height_px: 0", "feature 'lomo': size 0 x 48 px; right: at least 40 px"),
        ("n_components: 30.0", "n_components: .nan", "n_components: found nan; right: "),
        ("{viper: {", "{vipr: {", "no dataset is named 'vipr'; did you mean 'viper'"),
        ("fidelity: reconstruction", "fidelity: very", "fidelity 'very' unknown"),
    ],
)
def test_faults_of_a_baseline_are_one_line(gpnet, tmp_path, right, wrong, message):
    (tmp_path / "mine.yml").write_text(BASELINE.replace(right, wrong))
    output = gpnet("check", "mine.yml", code=1).output
    assert message in output and len(output.splitlines()) == 1


def test_a_baseline_has_no_set(gpnet):
    assert "--set does not go with a baseline" in gpnet("check", "lomo-xqda", "--set", "a=1", code=2).output
