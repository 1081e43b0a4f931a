"""Plugins that break their contract when they run: one line that names plugin, entry and contract."""

import pytest

HEAD = """
import numpy as np
from gluon_personnet import (
    BaselineEntry, CommandEntry, DatasetEntry, FeatureEntry, MetricEntry, NetworkEntry, ProtocolEntry, hookimpl,
)
from gluon_personnet.plugin.contracts import Combination, Measures, Sample, Split
CARD = dict.fromkeys(("gallery", "query", "exclusion", "repeats", "ties"), "mine")
"""
PROTOCOL = """
class Mine:
    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        return {result}
@hookimpl
def gpnet_protocols(): return [ProtocolEntry("mine", Mine, "mine")]
"""
METRIC = """
class Mine:
    def fit(self, features, pids, camids): return {fitted}
    def distance(self, query, gallery): return {distance}
@hookimpl
def gpnet_metrics(): return [MetricEntry("mine", Mine, "mine")]
@hookimpl
def gpnet_baselines(): return [BaselineEntry("mine", lambda: Combination("raw-pixels", "mine"), "mine")]
"""
FEATURE = """
class Mine:
    def extract(self, image): return {vector}
@hookimpl
def gpnet_features(): return [FeatureEntry("mine", Mine, "mine")]
@hookimpl
def gpnet_baselines(): return [BaselineEntry("mine", lambda: Combination("mine", "euclid"), "mine")]
"""
DATASET = """
class Mine:
    num_splits, expected = 1, {{}}
    def __init__(self, locate): self.samples = {samples}
    def read(self, row): return {image}
    def split(self, number): return Split((0,), (0,), (0,))
@hookimpl
def gpnet_datasets(): return [DatasetEntry("mine", Mine, "mine")]
"""
NETWORK = """
class Mine:
    {attributes}
@hookimpl
def gpnet_networks(): return [NetworkEntry("mine", Mine, "mine")]
"""
TOY = ["--set", "identities=20", "--set", "test_identities=8", "--quiet"]
BY_PROTOCOL = ["evaluate", "--baseline", "euclid", "--dataset", "toy", "--protocol", "mine", *TOY]
BASELINE = ["evaluate", "--baseline", "mine", "--dataset", "toy", "--protocol", "single-shot", *TOY]
BY_DATASET = ["evaluate", "--baseline", "euclid", "--dataset", "mine", "--protocol", "single-shot", "--quiet"]
BY_NETWORK = ["check", "recipes/toy", "--set", "network.name=mine", "--set", "network.options={}"]
WHO = "of plugin 'mine' of third-party 1.0: "


@pytest.mark.parametrize(
    ("source", "command", "message"),
    [
        (PROTOCOL.format(result="None"), BY_PROTOCOL, WHO + "evaluate returned NoneType; right: contracts.Measures"),
        (PROTOCOL.format(result="0.5"), BY_PROTOCOL, WHO + "evaluate returned float; right: contracts.Measures"),
        (
            PROTOCOL.format(result="Measures(CARD, np.full(20, 57.0))"),
            BY_PROTOCOL,
            WHO + "cmc: from 57 to 57; right: fractions, 0 to 1",
        ),
        (
            PROTOCOL.format(result="Measures(CARD, np.full((20, 1), 0.5))"),
            BY_PROTOCOL,
            WHO + "cmc: float64 of shape (20, 1); right: float64 (max_rank,)",
        ),
        (
            PROTOCOL.format(result="Measures(CARD, np.full(20, 0.5), hits=np.ones(3), hit_pids=np.ones(2))"),
            BY_PROTOCOL,
            WHO + "hits, hit_pids: shapes (3,) and (2,); right: one of each query in both",
        ),
        (METRIC.format(fitted="None", distance="0"), BASELINE, WHO + "fit returned None; right: the fitted metric"),
        (
            METRIC.format(fitted="self", distance="np.zeros((2, 2))"),
            BASELINE,
            "method 'mine': distmat: float64 of shape (2, 2); right: numbers (16, 16)",
        ),
        (
            METRIC.format(fitted="self", distance="np.full((len(query), len(gallery)), np.nan)"),
            BASELINE,
            "method 'mine': distmat: nan at query row 0, gallery column 0; right: finite numbers",
        ),
        (METRIC.format(fitted="self", distance="'far'"), BASELINE, "method 'mine': distmat: <U3 of shape (); right:"),
        (FEATURE.format(vector="image"), BASELINE, "feature 'mine'"),
        (FEATURE.format(vector="np.full(3, np.nan, np.float32)"), BASELINE, "feature 'mine'"),
        (FEATURE.format(vector="None"), BASELINE, "feature 'mine'"),
        (DATASET.format(samples="[]", image="0"), BY_DATASET, WHO + "samples: none; right: at least one"),
        (
            DATASET.format(samples="['a.png']", image="0"),
            BY_DATASET,
            WHO + "samples[0]: found str; right: contracts.Sample(name, pid, camid)",
        ),
        (
            DATASET.format(samples="[Sample('a', 0, 0)]", image="np.ones((8, 4, 3))"),
            BY_DATASET,
            WHO + "read(0): float64 of shape (8, 4, 3); right: uint8 (H, W, 3)",
        ),
        (NETWORK.format(attributes="pass"), BY_NETWORK, WHO + "has no options; right: contracts.Network, with options"),
        (NETWORK.format(attributes="options = {}"), BY_NETWORK, WHO + "has no trunk; right: contracts.Network"),
        (
            NETWORK.format(attributes="options, trunk, compare, head = {}, 0, 0, 0"),
            BY_NETWORK,
            WHO + "options['height_px']: found None; right: px of its images",
        ),
    ],
)
def test_one_line_names_plugin_entry_and_contract(gpnet, install, source, command, message):
    install("mine", HEAD + source)
    output = gpnet(*command, code=1).output
    assert message in output and "mine" in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize(
    "factory", ["'nowhere:command'", "'os:sep'", "lambda: 1 / 0", "'gluon_personnet.core.errors:did_you_mean'"]
)
def test_help_works_beside_a_broken_command(gpnet, install, factory):
    install("mine", HEAD + f"@hookimpl\ndef gpnet_commands(): return [CommandEntry('mine', {factory}, 'does it')]")
    output = gpnet("--help").output
    assert "Commands of plugins" in output and "does it" in output
    assert output.index("evaluate") < output.index("does it")
    broken = gpnet("mine", code=1).output
    assert len(broken.splitlines()) == 1 and "command 'mine'" in broken


def test_doctor_finds_two_entries_of_one_name(gpnet, install):
    protocol = HEAD + "@hookimpl\ndef gpnet_protocols(): return [ProtocolEntry('single-shot', dict, 'mine')]"
    install("mine", protocol)
    output = gpnet("doctor", code=1).output
    assert "problem: the protocol 'single-shot' is provided twice: by 'mine' of third-party 1.0" in output
    assert "no problems found" not in output
