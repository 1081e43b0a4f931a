"""What holds for all metrics of a ranking: better than Euclid on generated people, a clear line when little is there."""

import numpy as np
import pytest

from gluon_personnet.data.samples import labels
from gluon_personnet.errors import GpnetError
from gluon_personnet.plugins import PluginManager

MANAGER = PluginManager()
SMALL = {  # options that fit the size of the generated problem
    "ladf": {"n_components": 40.0},
    "metric-ensembles": {},
    "mlapg": {"n_components": 40.0},
    "mlr": {"n_components": 40.0},
    "pcca": {},
    "rank-svm": {},
    "rdc": {},
    "rpcca": {},
}


def built(name):
    return MANAGER.find("metrics", name).build(**SMALL.get(name, {}))


@pytest.fixture(scope="module")
def generated():
    """Small pixels of drawn people: (features, pids, camids) to learn from, as queries and as gallery."""
    dataset = MANAGER.find("datasets", "toy").build(None, identities=120, test_identities=40)
    feature = MANAGER.find("features", "raw-pixels").build(height_px=16, width_px=6)
    rows = np.stack([feature.extract(dataset.read(row)) for row in range(len(dataset.samples))])
    split = dataset.split(0)
    return [(rows[list(part)], *labels(dataset.samples, part)) for part in (split.train, split.query, split.gallery)]


def ordered(metric, generated):
    """Share of comparisons in which a person's image is nearer than another's."""
    train, (query, query_pids, _), (gallery, gallery_pids, _) = generated
    distances = metric.fit(*train).distance(query, gallery)
    return np.mean(
        [(row[gallery_pids == p][:, None] < row[gallery_pids != p]).mean() for row, p in zip(distances, query_pids)]
    )


@pytest.mark.parametrize("name", SMALL)
def test_it_separates_generated_people_better_than_euclid(name, generated):
    assert ordered(built(name), generated) > ordered(built("euclid"), generated) + 0.05


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    ("rows", "pids"),
    [
        (np.ones((1, 4)), [0]),
        (np.eye(4), [0, 0, 0, 0]),
        (np.eye(4), [0, 1, 2, 3]),
        (np.ones((4, 4)), [0, 0, 1, 1]),
        (np.eye(4)[:3], [0, 0, 1, 1]),
    ],
    ids=["one row", "one identity", "nobody twice", "equal rows", "labels of other rows"],
)
def test_too_little_to_learn_from_is_one_line(name, rows, pids):
    with pytest.raises(GpnetError, match=f"^metric '{name}': [^\n]+; right: [^\n]+$"):
        built(name).fit(rows, np.array(pids), np.arange(len(pids)) % 2)


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"metric-ensembles"}))
def test_two_people_with_two_images_are_enough(name):
    rows = np.random.default_rng(0).uniform(0, 1, (4, 6))
    distances = built(name).fit(rows, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).distance(rows, rows)
    assert np.isfinite(distances).all()


def test_an_ensemble_of_too_few_people_is_one_line():
    rows = np.random.default_rng(0).uniform(0, 1, (10, 6))
    with pytest.raises(GpnetError, match="5 identities to learn pairs from; right: at least 6"):
        built("metric-ensembles").fit(rows, np.repeat(np.arange(5), 2), np.tile([0, 1], 5))


@pytest.mark.parametrize("name", ["pcca", "rank-svm", "rdc", "rpcca"])
def test_another_seed_draws_other_pairs(name, generated):
    (rows, pids, camids), (query, _, _), _ = generated
    one, other, again = (
        MANAGER.find("metrics", name).build(seed=seed).fit(rows, pids, camids).distance(query, query)
        for seed in (0, 1, 0)
    )
    np.testing.assert_array_equal(again, one)
    assert np.abs(other - one).max() > 0
