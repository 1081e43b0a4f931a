"""Several features as one."""

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.manager import PluginManager


class SideBySide:
    """Registered features, one after the other in one vector.

    Parameters
    ----------
    features : list of str
        Their names.
    feature_options : list of mapping
        Options of each, in that order; empty for their defaults.
    """

    def __init__(self, features=("lomo", "elf", "hist-lbp"), feature_options=()):
        if not features or len(feature_options) not in (0, len(features)):
            found = f"{len(features)} features with {len(feature_options)} feature_options"
            raise PluginError(f"feature 'side-by-side': {found}; right: as many options as features, or none")
        manager = PluginManager()
        chosen = zip(features, feature_options or [{}] * len(features))
        self._features = [manager.find("features", name).build(**options) for name, options in chosen]

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (sum of their D,)."""
        return np.concatenate([feature.extract(image) for feature in self._features])
