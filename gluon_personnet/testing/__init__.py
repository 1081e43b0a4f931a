"""Contract suites: what the host relies on, checked on a plugin's class in one call from the plugin's own tests.

    from gluon_personnet.testing import check_protocol

    def test_median_rank():
        check_protocol(MedianRank())

Each suite raises AssertionError with one sentence: what is broken, what was found, what was expected. The inputs are
small, generated from fixed seeds and the same on every run.
"""

from gluon_personnet.testing.datasets import check_dataset
from gluon_personnet.testing.distances import check_matcher, check_metric
from gluon_personnet.testing.features import check_feature
from gluon_personnet.testing.networks import check_network
from gluon_personnet.testing.protocols import check_protocol

__all__ = ["check_dataset", "check_feature", "check_matcher", "check_metric", "check_network", "check_protocol"]
