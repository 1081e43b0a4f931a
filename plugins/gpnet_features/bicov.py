"""BiCov and gBiCov: how the covariances of Gabor maps change from one band of scales to the next."""

from typing import Annotated

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.data.images import resize
from gluon_personnet.plugin.ranges import AtLeast, Between
from gpnet_features.covariances import covariance_distances, window_covariances, windows
from gpnet_features.histograms import hue_saturation_value
from gpnet_features.wavelets import pooled_responses

BANDS = 12
TINY = 1e-20  # added to every variance of a map, so that a flat image has one


class BiCov:
    """Distances between the covariances of neighbouring bands, in windows of hue, saturation and value.

    A channel has 12 maps, one a band: the larger response to the band's two Gabor wavelets, averaged over 8
    orientations. A window of a map is described by the covariance of 7 features of its pixels: x, y, the value, and its
    first and second derivatives. A number of the vector is sqrt(sum of ln^2 lambda), lambda the generalised eigenvalues
    of a window's covariances in bands 2 p - 1 and 2 p, p = 1..6. Then each number gets the square root, and the vector
    the length 1.

    Parameters
    ----------
    height_px, width_px : int
        Size that images are brought to.
    window_height_px, window_width_px : int
        Of a window; windows overlap by half, rounded up.
    ridge : float
        Share of a feature's mean variance over the windows of its map that is added to its variance in each window.

    D = 18 (3 channels x 6 pairs) x windows: 18 x 15 x 11 = 2970 as it is set.

    Source: Ma, Su, Jurie, BiCov: a Novel Image Representation for Person Re-Identification and Face Verification, BMVC
    2012; constants as in the authors' release.
    Differs from the source in: windows of 16 x 8 px follow from the length of its vectors, 5,940 for gBiCov; a ridge
    and a clip of lambda to 1e-10..1e10 in place of leaving lambda out where a covariance is singular, so that the
    distance is continuous; outside the image channels are 0; images of another size are resized bilinearly.
    Checked against the reference: not run. Wavelets, covariances and eigenvalues are compared with loops and with
    scipy.linalg.eigh in the tests.
    """

    name = "bicov"

    def __init__(
        self,
        height_px: Annotated[int, Between(8, 2048)] = 128,
        width_px: Annotated[int, Between(8, 2048)] = 48,
        window_height_px: Annotated[int, AtLeast(4)] = 16,
        window_width_px: Annotated[int, AtLeast(4)] = 8,
        ridge: Annotated[float, Between(0, 1, closed="high")] = 1e-6,
    ):
        if window_height_px > height_px or window_width_px > width_px:
            found = f"window of {window_height_px}x{window_width_px} px in {height_px}x{width_px} px"
            raise PluginError(f"feature {self.name!r}: {found}; right: not larger than the image")
        self._image = height_px, width_px
        self._window = window_height_px, window_width_px
        self._step = (window_height_px + 1) // 2, (window_width_px + 1) // 2
        self._ridge = ridge

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (D,), not negative, of length 1; zeros where all bands are alike."""
        return self._halves(image)[0]

    def _halves(self, image):
        """The normalised distances and the normalised mean responses, float32 (18 x windows,) each."""
        channels = hue_saturation_value(resize(image, *self._image) / 255)
        maps = np.concatenate([pooled_responses(channel, BANDS) for channel in channels])
        covariances = window_covariances(maps, self._window, self._step)
        diagonal = np.einsum("mrcff->mrcf", covariances)
        loading = self._ridge * diagonal.mean(axis=(1, 2), keepdims=True) + TINY
        places = np.arange(covariances.shape[-1])
        covariances[..., places, places] = diagonal + loading
        distances = covariance_distances(covariances[::2], covariances[1::2])
        means = windows(maps, self._window, self._step).mean(axis=(-2, -1))
        return _rooted(distances), _rooted(means[::2] + means[1::2])


class GBiCov(BiCov):
    """BiCov, followed by the mean response of both bands of a pair in each window, rooted and of length 1 as well.

    D = 36 x windows: 5940 as it is set. Options as in BiCov.

    Parameters
    ----------
    height_px, width_px, window_height_px, window_width_px, ridge
        See :class:`BiCov`.

    Source: Ma, Su, Jurie, Covariance Descriptor based on Bio-inspired Features for Person Re-identification and Face
    Verification, Image and Vision Computing 2014.
    Differs from the source in: what BiCov differs in; which responses of a pair are averaged follows from the length of
    the vector, and the factor 100 in front of them falls out with their length.
    Checked against the reference: not run; see BiCov.
    """

    name = "gbicov"

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (D,), not negative: distances, then mean responses, each of length 1."""
        return np.concatenate(self._halves(image))


def _rooted(values):
    """The square root of each value, scaled to length 1 together; float32 (D,)."""
    rooted = np.sqrt(values.ravel())
    return (rooted / (np.linalg.norm(rooted) or 1)).astype(np.float32)
