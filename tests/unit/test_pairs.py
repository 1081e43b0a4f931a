"""Sampling, augmentation and prefetching."""

import numpy as np
import pytest

from gluon_personnet.contracts import Sample
from gluon_personnet.data.augment import augment
from gluon_personnet.data.pairs import PairSampler, Prefetcher
from gluon_personnet.errors import DataError
from gluon_personnet.recipe import AugmentationSection

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


def image(height=40, width=20):
    return np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(1, height, width, 3)


def test_without_augmentation_only_the_layout_changes():
    out = augment(image(), np.random.default_rng(0), translation=0.0, mirror=False)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, image().transpose(0, 3, 1, 2))


def test_translation_moves_whole_pixels_and_repeats_the_border():
    source = image()
    offsets = set()
    for seed in range(200):
        out = augment(source, np.random.default_rng(seed), translation=0.1, mirror=False)[0].transpose(1, 2, 0)
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
    out = augment(source, np.random.default_rng(0), translation=0.0)
    mirrored = (out == source.transpose(0, 3, 1, 2)[..., ::-1]).all(axis=(1, 2, 3))
    plain = (out == source.transpose(0, 3, 1, 2)).all(axis=(1, 2, 3))
    assert (mirrored ^ plain).all()
    assert 160 < mirrored.sum() < 240


class Cache:
    def images(self, rows):
        if self.broken:
            raise DataError("image x.png: unreadable")
        return np.repeat(image(), len(rows), axis=0)

    broken = False


def test_prefetcher_gives_the_same_step_from_any_start():
    sampler = PairSampler(SAMPLES, ROWS, 4, 1, seed=1)
    whole, tail = (Prefetcher(sampler, Cache(), AugmentationSection(), 1, first, 6) for first in (0, 4))
    expected = {step: pixels for step, _, pixels, _ in whole}
    found = {step: pixels for step, _, pixels, _ in tail}
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
