"""Sampling, augmentation and prefetching."""

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.recipe.sections import AugmentationSection
from gluon_personnet.training.augment import augment
from gluon_personnet.training.prefetching import Prefetcher
from gluon_personnet.training.sampling import IdentitySampler, PairSampler

SAMPLES = [Sample(f"{pid}-{camid}-{shot}", pid, camid) for pid in range(9) for camid in (0, 2) for shot in range(2)]
ROWS = range(len(SAMPLES))


def labels(rows):
    return np.array([SAMPLES[row].pid for row in rows]), np.array([SAMPLES[row].camid for row in rows])


@pytest.mark.parametrize("negatives", [1, 2, 5])
def test_pairs_are_what_they_are_called(negatives):
    sampler = PairSampler(SAMPLES, ROWS, 6, negatives, seed=1)
    for step in range(20):
        batch = sampler.batch(step)
        query_pids, query_camids = labels(batch.query_rows)
        gallery_pids, gallery_camids = labels(batch.gallery_rows)
        same = query_pids[batch.query_index] == gallery_pids[batch.gallery_index]
        assert same.tolist() == [True] * 6 + [False] * (6 * negatives)
        assert (query_camids == 0).all() and (gallery_camids == 2).all()
        assert len(set(query_pids)) == 6
        assert batch.image_labels.tolist() == [*query_pids, *gallery_pids]  # pids are 0 to 8 here
        assert len(set(zip(batch.query_index, batch.gallery_index))) == 6 * (1 + negatives)


def test_steps_differ_and_repeat():
    first, second = (PairSampler(SAMPLES, ROWS, 6, 2, seed=1) for _ in range(2))
    first.batch(0)
    np.testing.assert_array_equal(first.batch(7).query_rows, second.batch(7).query_rows)
    assert first.batch(7).query_rows.tolist() != first.batch(8).query_rows.tolist()
    assert PairSampler(SAMPLES, ROWS, 6, 2, seed=2).batch(7).query_rows.tolist() != first.batch(7).query_rows.tolist()


def test_every_image_and_every_negative_is_drawn():
    sampler = PairSampler(SAMPLES, ROWS, 6, 2, seed=1)
    batches = [sampler.batch(step) for step in range(300)]
    seen = {row for batch in batches for row in (*batch.query_rows, *batch.gallery_rows)}
    assert seen == set(ROWS)
    pids = [(labels(b.query_rows)[0][b.query_index], labels(b.gallery_rows)[0][b.gallery_index]) for b in batches]
    met = {pair for query, gallery in pids for pair in zip(query, gallery)}
    assert met == {(one, other) for one in range(9) for other in range(9)}


def test_random_view_order_uses_both():
    sampler = PairSampler(SAMPLES, ROWS, 6, 2, seed=1, view_order="random")
    cameras = np.concatenate([labels(sampler.batch(step).query_rows)[1] for step in range(50)])
    assert 0.35 < (cameras == 0).mean() < 0.65


def test_identities_of_one_view_are_no_positives():
    one_view = [Sample(f"{pid}", pid, 0) for pid in range(20, 30)]
    sampler = PairSampler(SAMPLES + one_view, range(len(SAMPLES) + 10), 6, 2, seed=0)
    assert all(max(sampler.batch(step).query_rows) < len(SAMPLES) for step in range(50))
    with pytest.raises(DataError, match="9 of 19 training identities are seen by two cameras; right: at least 12"):
        PairSampler(SAMPLES + one_view, range(len(SAMPLES) + 10), 12, 2, seed=0)


def test_a_batch_of_two_pairs_as_in_the_paper():
    batch = PairSampler(SAMPLES, ROWS, 1, 1, seed=1).batch(0)
    (query_pid,), (same_pid, other_pid) = labels(batch.query_rows)[0], labels(batch.gallery_rows)[0]
    assert query_pid == same_pid != other_pid
    assert (batch.query_index.tolist(), batch.gallery_index.tolist()) == ([0, 0], [0, 1])


@pytest.mark.parametrize("hard, look_alikes", [(1, None), (1, "table"), (2, "table"), (3, "table")])
def test_hard_negatives_are_of_the_group_and_random_ones_are_not(hard, look_alikes):
    many = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(40) for camid in (0, 1)]
    sampler = PairSampler(many, range(80), 12, 2, seed=1, hard=hard)
    table = (np.arange(40)[:, None] + np.arange(1, 9)) % 40 if look_alikes else None  # the next eight
    near = []
    for step in range(30):
        batch = sampler.batch(step, table)
        query, gallery = (np.array([many[row].pid for row in rows]) for rows in (batch.query_rows, batch.gallery_rows))
        np.testing.assert_array_equal(batch.labels, gallery)  # pid and number are the same here
        assert len(set(gallery)) == len(gallery) and len(query) == 12
        pairs = list(zip(batch.query_index, batch.gallery_index))
        assert len(set(pairs)) == len(pairs) == 12 * (3 + hard)
        same = query[batch.query_index] == gallery[batch.gallery_index]
        assert same.tolist() == [True] * 12 + [False] * 12 * (2 + hard)
        group = np.arange(len(gallery)) // (1 + hard)
        together = group[batch.query_index] == group[batch.gallery_index]
        assert together.tolist() == [True] * 12 + [False] * 24 + [True] * 12 * hard
        away = (gallery[batch.gallery_index[-12 * hard :]] - query[batch.query_index[-12 * hard :]]) % 40
        near.append(np.minimum(away, 40 - away) <= 8)
    # a group's members are look-alikes of its first, so at most 7 from each other; a late group may lack free ones
    assert np.mean(near) > 0.9 if look_alikes else np.mean(near) < 0.6


def test_one_of_each_shows_every_identity_in_both_views():
    sampler = PairSampler(SAMPLES, ROWS, 4, 1, seed=1)
    query, gallery = sampler.one_of_each(3)
    assert labels(query)[0].tolist() == labels(gallery)[0].tolist() == list(range(9))
    assert set(labels(query)[1]) == {0} and set(labels(gallery)[1]) == {2}
    assert query.tolist() != sampler.one_of_each(4)[0].tolist()


def image(height=40, width=20):
    return np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(1, height, width, 3)


def test_without_augmentation_only_the_layout_changes():
    out = augment(image(), np.random.default_rng(0), AugmentationSection(0.0, False))
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, image().transpose(0, 3, 1, 2))


def test_translation_moves_whole_pixels_and_repeats_the_border():
    source = image()
    offsets = set()
    for seed in range(200):
        out = augment(source, np.random.default_rng(seed), AugmentationSection(0.1, False))[0].transpose(1, 2, 0)
        matches = [
            (dy, dx)
            for dy in range(-4, 5)
            for dx in range(-2, 3)
            if (out == source[0][np.clip(np.arange(40) + dy, 0, 39)][:, np.clip(np.arange(20) + dx, 0, 19)]).all()
        ]
        assert len(matches) == 1
        offsets.update(matches)
    assert {dy for dy, _ in offsets} == set(range(-4, 5))  # 10 % of 40
    assert {dx for _, dx in offsets} == set(range(-2, 3))  # 10 % of 20


def test_mirroring_flips_half_of_the_images():
    source = np.repeat(image(), 400, axis=0)
    out = augment(source, np.random.default_rng(0), AugmentationSection(0.0))
    mirrored = (out == source.transpose(0, 3, 1, 2)[..., ::-1]).all(axis=(1, 2, 3))
    plain = (out == source.transpose(0, 3, 1, 2)).all(axis=(1, 2, 3))
    assert (mirrored ^ plain).all()
    assert 160 < mirrored.sum() < 240


def people(count=400):
    return np.random.default_rng(3).integers(40, 200, (count, 40, 20, 3), dtype=np.uint8)


def test_colour_changes_stay_within_their_strength_and_keep_the_picture():
    source = people()
    plain = to_network_input(source)
    out = augment(source, np.random.default_rng(0), AugmentationSection(0.0, False, colour=0.2))
    assert (out.dtype, out.shape) == (np.float32, plain.shape)
    assert out.min() >= 0 and out.max() <= 255
    level = out.mean(axis=(1, 2, 3)) / plain.mean(axis=(1, 2, 3))
    assert 0.8 * 0.9 - 1e-3 <= level.min() < 0.85 and 1.15 < level.max() <= 1.2 * 1.1 + 1e-3
    balance = out.mean(axis=(2, 3)) / plain.mean(axis=(2, 3)) / level[:, None]
    assert 0.03 < balance.std() < 0.1
    for before, after in zip(plain[:20], out[:20]):  # brighter places stay brighter
        assert np.corrcoef(before.mean(axis=0).ravel(), after.mean(axis=0).ravel())[0, 1] > 0.98


def test_colour_of_a_grey_image_changes_only_in_gain():
    grey = np.full((50, 40, 20, 3), 100, np.uint8)
    out = augment(grey, np.random.default_rng(0), AugmentationSection(0.0, False, colour=0.3))
    assert np.ptp(out, axis=(2, 3)).max() < 1e-2  # flat images stay flat
    assert np.ptp(out[:, :, 0, 0], axis=1).mean() > 1  # but the balance of the channels moves


def test_erasing_covers_one_rectangle_of_the_chosen_images():
    source = people()
    plain = to_network_input(source)
    out = augment(source, np.random.default_rng(0), AugmentationSection(0.0, False, erasing=0.5))
    changed = (out != plain).any(axis=1)  # (N, H, W)
    erased = changed.any(axis=(1, 2))
    assert 160 < erased.sum() < 240
    for mask, image in zip(changed[erased], out[erased]):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        block = image[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert np.ptp(block, axis=(1, 2)).max() == 0  # one colour
        assert block[0].size <= 0.3 * 40 * 20


@pytest.mark.parametrize("changes", [{"colour": 0.3}, {"erasing": 1.0}, {"translation": 0.1}])
def test_augmentation_repeats_with_its_generator_and_leaves_its_input(changes):
    source = people(8)
    kept = source.copy()
    first, second = (augment(source, np.random.default_rng(5), AugmentationSection(**changes)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(source, kept)


class Cache:
    def images(self, rows):
        if self.broken:
            raise DataError("image x.png: unreadable")
        return np.repeat(image(), len(rows), axis=0)

    broken = False


def test_prefetcher_gives_the_same_step_from_any_start():
    sampler = PairSampler(SAMPLES, ROWS, 4, 1, seed=1)
    whole, tail = (Prefetcher(sampler, Cache(), AugmentationSection(), 1, first, 6) for first in (0, 4))
    expected = {step: pixels for step, _, pixels in whole}
    found = {step: pixels for step, _, pixels in tail}
    assert (sorted(expected), sorted(found)) == (list(range(6)), [4, 5])
    for step, pixels in found.items():
        np.testing.assert_array_equal(pixels, expected[step])


def test_prefetcher_hands_over_errors_and_stops_when_closed():
    cache = Cache()
    cache.broken = True
    sampler = PairSampler(SAMPLES, ROWS, 4, 1, seed=1)
    with pytest.raises(DataError, match="x.png"):
        next(iter(Prefetcher(sampler, cache, AugmentationSection(), 1, 0, 6)))
    running = Prefetcher(sampler, Cache(), AugmentationSection(), 1, 0, 10_000)
    next(iter(running))
    running.close()
    assert not running._thread.is_alive()


def pictures(images_per_view):
    """Samples of identities 0, 1, ... with so many images in each view."""
    counts = enumerate(images_per_view)
    return [
        Sample(f"{pid}-{camid}-{n}", pid, camid) for pid, views in counts for camid in range(2) for n in range(views)
    ]


def test_identities_without_repetition_with_images_of_both_cameras():
    samples = pictures([3] * 7)
    sampler = IdentitySampler(samples, range(len(samples)), identities=5, images=4, seed=1)
    drawn = [sampler.batch(step) for step in range(20)]
    for batch in drawn:
        pids, camids = (np.array([getattr(samples[row], name) for row in batch.rows]) for name in ("pid", "camid"))
        assert len(set(batch.rows.tolist())) == 20  # of six images four different ones
        np.testing.assert_array_equal(pids, batch.image_labels)  # identities 0 to 6 have labels 0 to 6
        assert len(set(pids.tolist())) == 5 and (pids.reshape(5, 4) == pids.reshape(5, 4)[:, :1]).all()
        assert (camids.reshape(5, 4).sum(axis=1) == 2).all()  # cameras in turn
    assert {label for batch in drawn for label in batch.image_labels.tolist()} == set(range(7))
    assert len({batch.rows.tobytes() for batch in drawn}) == 20


def test_images_are_repeated_only_where_there_are_too_few():
    samples = pictures([1, 1])
    batch = IdentitySampler(samples, range(4), identities=2, images=4, seed=1).batch(0)
    assert np.bincount(batch.rows).tolist() == [2, 2, 2, 2]


def test_a_batch_depends_on_seed_and_step_only():
    samples = pictures([2] * 6)
    one, other, third = (IdentitySampler(samples, range(24), 4, 2, seed) for seed in (1, 1, 2))
    one.batch(0)
    np.testing.assert_array_equal(one.batch(3).rows, other.batch(3).rows)
    assert (one.batch(3).rows != third.batch(3).rows).any()


def test_too_few_identities_with_two_images_are_told():
    samples = [*pictures([1, 1, 1]), Sample("alone", 9, 0)]
    with pytest.raises(DataError, match="3 of 4 training identities have two images; right: at least 4"):
        IdentitySampler(samples, range(7), identities=4, images=2, seed=1)
