"""Several features as one."""

import numpy as np

from gluon_personnet.core.errors import PluginError


class SideBySide:
    """Registered features, one after the other in one vector.

    Parameters
    ----------
    find : callable
        ``find(kind, name) -> Entry``, from the host.
    features : list of str
        Their names.
    feature_options : list of mapping
        Options of each, in that order; empty for their defaults.
    """

    def __init__(self, find, features=("lomo", "elf", "hist-lbp"), feature_options=()):
        chosen = self.components({"features": features, "feature_options": feature_options})
        self._features = [find(kind, name).make((), options, find=find) for kind, name, options in chosen]

    @staticmethod
    def components(options):
        """Kind, name and options of each feature; PluginError if their numbers differ."""
        features, feature_options = options["features"], options["feature_options"]
        if not features or len(feature_options) not in (0, len(features)):
            found = f"{len(features)} features with {len(feature_options)} feature_options"
            raise PluginError(f"feature 'side-by-side': {found}; right: as many options as features, or none")
        return [("features", name, given) for name, given in zip(features, feature_options or [{}] * len(features))]

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (sum of their D,)."""
        return np.concatenate([feature.extract(image) for feature in self._features])
