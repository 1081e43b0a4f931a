"""check_feature, check_metric and check_matcher accept right ones and name what is wrong with each wrong one."""

from types import SimpleNamespace

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.testing import check_feature, check_matcher, check_metric


def refuses(check, wrong, message):
    with pytest.raises(AssertionError) as caught:
        check(wrong)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# --- features ---------------------------------------------------------------------------------------------------------


def mean_colour(image):
    return image.mean(axis=(0, 1)).astype(np.float32)


def darken(image):
    image //= 2
    return mean_colour(image)


def normalised(image):
    with np.errstate(invalid="ignore"):
        return ((image - image.mean()) / image.std()).mean(axis=(0, 1)).astype(np.float32)


def running_mean(seen):
    def extract(image):
        seen.append(mean_colour(image))
        return mean_colour(image) - np.mean(seen, axis=0)

    return extract


WRONG_FEATURES = {
    "float64": (lambda image: image.mean(axis=(0, 1)), "found float64 (3,); expected float32 (D,)"),
    "map": (lambda image: image[0].astype(np.float32), "found float32 (48, 3); expected float32 (D,)"),
    "NaN": (normalised, "extract(a black image): found NaN or infinity"),
    "length": (
        lambda image: np.unique(image).astype(np.float32),
        "extract(a black image): found D = 1; expected D = 256",
    ),
    "random": (lambda image: np.random.rand(3).astype(np.float32), "after other images: found another vector"),
    "running mean": (running_mean([]), "after other images: found another vector than before; expected the same"),
    "mutates": (darken, "extract(a noise image): found its argument image changed"),
    "constant": (
        lambda image: np.ones(3, np.float32),
        "extract of a noise and of a black image: found the same vector",
    ),
    "crashes": (lambda image: image.no_such_thing, "extract(a noise image): found AttributeError"),
}


def test_right_feature():
    check_feature(SimpleNamespace(extract=mean_colour))


@pytest.mark.parametrize("wrong, message", WRONG_FEATURES.values(), ids=list(WRONG_FEATURES))
def test_wrong_feature(wrong, message):
    refuses(check_feature, SimpleNamespace(extract=wrong), message)


# --- metrics and matchers ---------------------------------------------------------------------------------------------


class Euclid:
    """A right metric, and by its `vectors` a right matcher."""

    def fit(self, rows, pids, camids):
        self.mean = self.vectors(rows).mean(axis=0)
        return self

    def distance(self, query, gallery):
        query, gallery = self.vectors(query) - self.mean, self.vectors(gallery) - self.mean
        return np.sqrt(((query[:, None] - gallery) ** 2).sum(axis=2))

    def vectors(self, rows):
        vectors = np.array([np.asarray(row, float).ravel() for row in rows])
        if not np.isfinite(vectors).all():
            raise DataError("features are not finite")
        return vectors


class FitReturnsNone(Euclid):
    def fit(self, rows, pids, camids):
        super().fit(rows, pids, camids)


class Float32(Euclid):
    def distance(self, query, gallery):
        return super().distance(query, gallery).astype(np.float32)


class Transposed(Euclid):
    def distance(self, query, gallery):
        return super().distance(query, gallery).T


class Infinite(Euclid):
    def distance(self, query, gallery):
        return super().distance(query, gallery) + np.inf


class Similarity(Euclid):
    def distance(self, query, gallery):
        return -super().distance(query, gallery)


class Random(Euclid):
    def distance(self, query, gallery):
        distances = super().distance(query, gallery)
        return distances + np.random.uniform(0, 0.1 * distances.max(), distances.shape)


class RandomFit(Euclid):
    def fit(self, rows, pids, camids):
        self.weights = np.random.uniform(1, 2, np.size(rows[0]))
        return super().fit(rows, pids, camids)

    def vectors(self, rows):
        return self.weights * super().vectors(rows)


class NormalisedOverQueries(Euclid):
    def distance(self, query, gallery):
        distances = super().distance(query, gallery)
        return distances - 0.1 * distances.mean(axis=0)


class NormalisedOverGallery(Euclid):
    def distance(self, query, gallery):
        distances = super().distance(query, gallery)
        return distances / distances.max(axis=1, keepdims=True)


class LearnsFromTests(Euclid):
    scale = 1.0

    def distance(self, query, gallery):
        self.scale += 0.1 * len(query)
        return self.scale * super().distance(query, gallery)


class FitChangesRows(Euclid):
    def fit(self, rows, pids, camids):
        rows[0][:] = 0
        return super().fit(rows, pids, camids)


class DistanceChangesRows(Euclid):
    def distance(self, query, gallery):
        gallery[0][:] = 0
        return super().distance(query, gallery)


WRONG_DISTANCES = {
    FitReturnsNone: "fit: found it returned NoneType; expected self",
    Float32: "distance: found float32 (",
    Transposed: "distance: found float64 (",
    Infinite: "distance: found NaN or infinity",
    Similarity: "distance on well separated people: found same person nearer than another in 0% of the comparisons",
    Random: "distance, called twice: found distances that differ by up to",
    RandomFit: "distance after a second fit to the same rows: found distances that differ",
    NormalisedOverQueries: "distance of query 0 without the other queries: found distances that differ",
    NormalisedOverGallery: "distance to half of the gallery: found distances that differ",
    LearnsFromTests: "distance, called twice: found distances that differ",
    FitChangesRows: "fit: found its argument items changed",
    DistanceChangesRows: "distance: found its argument gallery changed",
}


class AcceptsNaN(Euclid):
    def vectors(self, rows):
        return np.asarray(rows, float)


class AcceptsNaNInDistance(AcceptsNaN):
    def fit(self, rows, pids, camids):
        self.mean = Euclid.vectors(self, rows).mean(axis=0)
        return self


class AcceptsAnyLength(Euclid):
    def distance(self, query, gallery):
        self.mean = 0
        return super().distance(query, gallery)


class CrashesOnLength(Euclid):
    def distance(self, query, gallery):
        if query.shape[1] != len(self.mean):
            raise TypeError("wrong length")
        return super().distance(query, gallery)


class OneUnit(Euclid):
    """Right for features of one size: those of a thousandth are all the same to it."""

    def vectors(self, rows):
        return np.round(super().vectors(rows), 1)


class CrashesOnOneIdentity(Euclid):
    def fit(self, rows, pids, camids):
        if len(np.unique(pids)) == 1:
            raise ZeroDivisionError("no pair")
        return super().fit(rows, pids, camids)


class RefusesInTwoLines(Euclid):
    def fit(self, rows, pids, camids):
        if len(np.unique(pids)) == 1:
            raise DataError("one identity\ntoo few")
        return super().fit(rows, pids, camids)


class NotFiniteOnFewRows(Euclid):
    def fit(self, rows, pids, camids):
        super().fit(rows, pids, camids)
        if len(rows) == 12:
            self.mean = self.mean * np.nan
        return self


class NotFiniteOnEqualRows(Euclid):
    def fit(self, rows, pids, camids):
        super().fit(rows, pids, camids)
        if not np.ptp(rows, axis=0).any():
            self.mean = self.mean * np.nan
        return self


class CrashesOnOneCamera(Euclid):
    def fit(self, rows, pids, camids):
        if not np.any(camids):
            raise ZeroDivisionError("no pair")
        return super().fit(rows, pids, camids)


WRONG_METRICS = {
    OneUnit: "distance on well separated people, all features times 0.001: found same person nearer than another in 0%",
    CrashesOnOneIdentity: "fit to one identity only: found ZeroDivisionError: no pair; expected one line of",
    RefusesInTwoLines: "fit to one identity only: found DataError: one identity and more; expected one line",
    NotFiniteOnFewRows: "fit to 12 rows of 40 dimensions: found NaN or infinity in distances",
    NotFiniteOnEqualRows: "fit to rows that are all equal: found NaN or infinity in distances",
    CrashesOnOneCamera: "fit to one camera only: found ZeroDivisionError: no pair; expected one line",
    AcceptsNaN: "fit with NaN in the features: found it accepted; expected GpnetError or ValueError",
    AcceptsNaNInDistance: "distance with NaN in query: found it accepted",
    AcceptsAnyLength: "distance of features shorter than those of fit: found it accepted",
    CrashesOnLength: "distance of features shorter than those of fit: found TypeError: wrong length",
}


@pytest.mark.parametrize("check", [check_metric, check_matcher])
def test_right_metric_and_matcher(check):
    check(Euclid)


@pytest.mark.parametrize("check", [check_metric, check_matcher])
@pytest.mark.parametrize("wrong", WRONG_DISTANCES, ids=lambda wrong: wrong.__name__)
def test_wrong_metric_and_matcher(check, wrong):
    refuses(check, wrong, WRONG_DISTANCES[wrong])


@pytest.mark.parametrize("wrong", WRONG_METRICS, ids=lambda wrong: wrong.__name__)
def test_wrong_metric(wrong):
    refuses(check_metric, wrong, WRONG_METRICS[wrong])
