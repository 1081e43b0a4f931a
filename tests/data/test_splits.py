"""Splits by identity and the check of a data set, on data sets small enough to do by hand."""

from collections import Counter

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.audit import check
from gluon_personnet.data.splits import cameras_by_pid, check_number, cross_view, hold_out, identity_split, split_hash
from gluon_personnet.plugin.contracts import Sample, Split


def people(count, cameras=2, shots=2):
    return [
        Sample(f"{pid}_{camid}_{shot}.png", pid, camid)
        for pid in range(count)
        for camid in range(cameras)
        for shot in range(shots)
    ]


def pids(samples, rows):
    return {samples[row].pid for row in rows}


def test_cameras_by_pid_leaves_junk_out():
    samples = [Sample("a", 2, 1), Sample("b", -1, 0), Sample("c", 0, 0), Sample("d", 2, 0)]
    cameras = cameras_by_pid(samples, range(4))
    assert list(cameras.items()) == [(0, {0}), (2, {0, 1})]


def test_cross_view_by_hand():
    samples = [
        Sample("a", 7, 2), Sample("b", 7, 1), Sample("c", 7, 1), Sample("d", 7, 5),
        Sample("e", 0, 0), Sample("f", 0, 3), Sample("junk", -1, 0),
    ]  # fmt: skip
    assert cross_view(samples, range(7)) == ((1, 2, 4), (0, 3, 5))
    assert cross_view(samples, [5, 4]) == ((4,), (5,))


def test_cross_view_names_identities_of_one_camera():
    samples = [*people(2), *(Sample(f"{pid}.png", pid, 0) for pid in (9, 4, 6, 8))]
    with pytest.raises(DataError) as caught:
        cross_view(samples, range(len(samples)))
    assert str(caught.value) == (
        "4 of 6 test identities are seen by one camera only (pid 4, 6, 8, ...); "
        "right: images from two cameras of every test identity"
    )


def test_identity_split_is_disjoint_and_complete():
    samples = [*people(30), Sample("junk.png", -1, 0)]
    for num in range(10):
        split = identity_split(samples, 12, num, "x")
        tested = pids(samples, split.query)
        assert len(tested) == 12
        assert tested == pids(samples, split.gallery)
        assert not tested & pids(samples, split.train)
        assert sorted([*split.train, *split.query, *split.gallery]) == list(range(120))
        assert {samples[row].camid for row in split.query} == {0}
        assert {samples[row].camid for row in split.gallery} == {1}


def test_identity_split_depends_on_number_and_label_only():
    samples = people(40)
    splits = [identity_split(samples, 10, num, label) for num in range(5) for label in ("x", "y")]
    assert len({split.query for split in splits}) == 10
    assert identity_split(samples, 10, 0, "x") == splits[0]
    # the rows' order does not choose other people
    backwards = samples[::-1]
    assert pids(backwards, identity_split(backwards, 10, 0, "x").query) == pids(samples, splits[0].query)


def test_identity_split_is_the_same_in_every_release():
    samples = people(20)
    assert sorted(pids(samples, identity_split(samples, 5, 0, "x").query)) == [2, 3, 6, 9, 10]


def test_identities_of_one_camera_are_trained_on_but_not_tested():
    samples = [*people(6), Sample("lonely.png", 6, 0)]
    for num in range(10):
        split = identity_split(samples, 6, num, "x")
        assert split.train == (24,)


@pytest.mark.parametrize("count", [-1, 5, 6, 100])
def test_identity_split_without_enough_identities(count):
    samples = [*people(4), Sample("lonely.png", 4, 0)]
    with pytest.raises(DataError) as caught:
        identity_split(samples, count, 0, "cuhk01-100")
    assert str(caught.value) == (
        f"cuhk01-100: test identities: {count} asked for, of 5 identities 4 are seen by two cameras; "
        "right: as many as these at most, with at least one identity left for training"
    )


def test_identity_split_leaves_somebody_for_training():
    with pytest.raises(DataError, match="at least one identity left for training"):
        identity_split(people(4), 4, 0, "x")


def test_hold_out_by_identity():
    samples = [*people(20), Sample("lonely.png", 20, 0), Sample("junk.png", -1, 0)]
    split = Split(tuple(range(16, 82)), (0, 1), (2, 3))
    train, validation = hold_out(samples, split, 5)
    held = pids(samples, validation.query)
    assert len(held) == 5
    assert held == pids(samples, validation.gallery)
    assert not held & {-1, 20}
    assert min(held) >= 4
    assert validation.train == ()
    assert not held & pids(samples, train)
    assert sorted([*train, *validation.query, *validation.gallery]) == list(split.train)
    assert hold_out(samples, split, 5) == (train, validation)
    assert held < pids(samples, hold_out(samples, split, 9)[1].query)
    assert hold_out(samples, split, 0) == (split.train, Split((), (), ()))


def test_of_many_images_two_of_each_identity_and_camera_are_validated():
    samples = [
        Sample(f"{pid}-{camid}-{number}", pid, camid) for pid in range(9) for camid in (0, 1) for number in range(5)
    ]
    train, validation = hold_out(samples, Split(tuple(range(len(samples))), (), ()), 3)
    assert len(train) == 6 * 10
    for rows in (validation.query, validation.gallery):
        assert sorted(Counter(samples[row][1:] for row in rows).values())[-1] == 2
    assert len(validation.query) == 3 * 2


def test_hold_out_without_enough_identities():
    split = Split(tuple(range(16)), (), ())
    with pytest.raises(DataError, match="validation identities: 4 asked for, of 4 identities 4 are seen by two"):
        hold_out(people(5), split, 4)


def test_check_number():
    check_number(0, 10, "x")
    check_number(9, 10, "x")
    for number in (-1, 10):
        with pytest.raises(DataError, match=f"^x: no split {number}; right: 0 to 9$"):
            check_number(number, 10, "x")


def test_split_hash_changes_with_everything_it_covers():
    samples = people(4)
    split = Split((0, 1, 2, 3), (4, 5), (6, 7))
    renamed, repid, recam = list(samples), list(samples), list(samples)
    renamed[4] = samples[4]._replace(name="other.png")
    repid[0] = samples[0]._replace(pid=3)
    recam[7] = samples[7]._replace(camid=0)
    hashes = [
        split_hash(samples, split),
        split_hash(samples, Split(split.train, split.gallery, split.query)),
        split_hash(samples, Split((0, 1, 2), split.query, split.gallery)),
        *(split_hash(changed, split) for changed in (renamed, repid, recam)),
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(len(digits) == 16 and int(digits, 16) for digits in hashes)


def test_split_hash_by_hand():
    import hashlib

    lines = b"train,a.png,1,0\nquery,b.png,2,0\ngallery,c.png,2,1\n"
    samples = [Sample("a.png", 1, 0), Sample("b.png", 2, 0), Sample("c.png", 2, 1)]
    found = split_hash(samples, Split((0,), (1,), (2,)))
    assert found == hashlib.sha256(lines).hexdigest()[:16]


class Pixels:
    """A data set whose images are all different, but for what a test overwrites."""

    num_splits = 1

    def __init__(self, samples, test_identities=2, expected=None):
        self.samples = samples
        self.expected = expected or {}
        self.images = {row: np.full((2, 2, 3), row, np.uint8) for row in range(len(samples))}
        self._test_identities = test_identities

    def read(self, row):
        if self.images[row] is None:
            raise DataError(f"{self.samples[row].name}: unreadable image")
        return self.images[row]

    def split(self, number):
        return identity_split(self.samples, self._test_identities, number, "x")


def test_check_of_a_sound_data_set():
    report = check(Pixels([*people(6), Sample("junk", -1, 4)], expected={"images": 25, "identities": 6}))
    assert report.problems == []
    assert (report.images, report.identities, report.cameras) == (25, 6, 3)
    assert report.counts == {"images": (25, 25), "identities": (6, 6)}
    assert report.leaks == report.duplicates == report.unreadable == report.one_view == ()


def test_check_finds_leaks_both_ways():
    data = Pixels(people(6))
    split = data.split(0)
    low, high = min(split.train), max(split.train)
    for trained, tested in ((low, split.query[0]), (high, split.gallery[-1])):
        data.images[tested] = data.images[trained].copy()
    names = {(data.samples[low].name, data.samples[split.query[0]].name),
             (data.samples[high].name, data.samples[split.gallery[-1]].name)}  # fmt: skip
    report = check(data)
    assert set(report.leaks) == names
    assert report.duplicates == ()
    lines = {f"leak: {train} (train) and {test} (test) have identical pixels" for train, test in names}
    assert set(report.problems) == lines


def test_check_tells_harmless_duplicates_from_confusing_ones():
    data = Pixels(people(6))
    one, two, *_, last = data.split(0).train
    data.images[two] = data.images[one].copy()  # same person, same camera
    report = check(data)
    assert report.duplicates == ((data.samples[one].name, data.samples[two].name),)
    assert report.problems == []
    data.images[last] = data.images[one].copy()
    report = check(data)
    assert report.confusing == ((data.samples[one].name, data.samples[last].name),)
    assert report.problems == [
        f"{data.samples[one].name} and {data.samples[last].name} have identical pixels but another identity or camera"
    ]


def test_same_bytes_in_another_shape_are_no_duplicate():
    data = Pixels(people(4))
    data.images[0] = np.zeros((1, 4, 3), np.uint8)
    data.images[1] = np.zeros((4, 1, 3), np.uint8)
    data.images[2] = np.full((1, 4, 3), 9, np.uint8)
    assert check(data).duplicates == ()


def test_check_reports_counts_unreadable_images_and_one_view():
    samples = [*people(6), Sample("lonely.png", 6, 0)]
    data = Pixels(samples, expected={"images": 24, "identities": 7})
    data.images[3] = None
    report = check(data)
    assert report.unreadable == ((samples[3].name, f"{samples[3].name}: unreadable image"),)
    assert report.one_view == (6,)
    assert report.problems == [
        "25 images found, 24 expected",
        f"unreadable: {samples[3].name}: unreadable image",
        "1 identities are seen by one camera only (pid 6)",
    ]


def test_check_reports_a_split_that_cannot_be_made():
    report = check(Pixels(people(3), test_identities=100))
    assert report.problems == [f"split 0: {report.split_errors[0][1]}"]
    assert "100 asked for" in report.split_errors[0][1]


@pytest.mark.parametrize("progress", [True, False])
def test_check_shows_progress_only_if_asked(progress, capsys):
    check(Pixels(people(3)), progress=progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("check: 100%" in err) if progress else err == ""
