"""check_protocol accepts a right protocol and names what is wrong with each wrong one."""

import numpy as np
import pytest

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.plugin.contracts import Measures
from gluon_personnet.testing import check_protocol

CARD = dict.fromkeys(("gallery", "query", "exclusion", "repeats", "ties"), "in words")


class Right:
    """Rank by rank, one query at a time, in steps that the wrong ones below replace."""

    card = CARD
    max_rank = 20

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        curves, skipped = [], 0
        for distances, pid, camid in zip(distmat, query_pids, query_camids):
            match, keep = (step(pid, camid, gallery_pids, gallery_camids) for step in (self.matching, self.kept))
            if (match & keep).any():
                curves.append(self.curve(distances[keep], match[keep], rng))
            else:
                skipped += 1
        if not curves:
            raise GpnetError("no query has a match")
        return self.measures(curves, skipped)

    def matching(self, pid, camid, pids, camids):
        return (pids == pid) & (camids != camid)

    def kept(self, pid, camid, pids, camids):
        return (pids != -1) & ~((pids == pid) & (camids == camid))

    def curve(self, distances, match, rng):
        return self.pad(np.maximum.accumulate(match[self.order(distances, rng)]))

    def order(self, distances, rng):
        shuffled = rng.permutation(len(distances))
        return shuffled[np.argsort(distances[shuffled], kind="stable")]

    def pad(self, hits):
        return np.pad(hits, (0, self.max_rank), mode="edge")[: self.max_rank].astype(float)

    def measures(self, curves, skipped):
        return Measures(self.card, np.mean(curves, axis=0), None, len(curves), skipped)


class RightSingleShot(Right):
    """Random draws: one gallery image per person."""

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        shuffled = rng.permutation(len(gallery_pids))
        columns = shuffled[np.unique(gallery_pids[shuffled], return_index=True)[1]]
        labels = gallery_pids[columns], gallery_camids[columns]
        return super().evaluate(distmat[:, columns], query_pids, query_camids, *labels, rng)


class RightExpectation(Right):
    """No draws: the expectation over all orders of ties in closed form, for the first place among equals."""

    def curve(self, distances, match, rng):
        nearest = distances[match].min()
        ahead, ties = (distances < nearest).sum(), distances == nearest
        missed = np.cumprod([1 - match[ties].sum() / (ties.sum() - k) for k in range((ties & ~match).sum() + 1)])
        return self.pad(np.concatenate([np.zeros(ahead), 1 - missed]))


class RightWithoutCurve(Right):
    def measures(self, curves, skipped):
        return Measures(self.card, others={"auc": 0.5})


class AsksJunk(Right):
    """No CMC, and the rate of nearest images that are not the query's: a query of pid -1 has no other ones."""

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        wrong = gallery_pids[distmat.argmin(axis=1)] != query_pids
        return Measures(self.card, others={"wrong": float(wrong.mean())})


class Reversed(Right):
    def order(self, distances, rng):
        return super().order(-distances, rng)


class FavourableTies(Right):
    def order(self, distances, rng):
        return np.argsort(distances, kind="stable")

    def curve(self, distances, match, rng):
        return super().curve(distances - 1e-9 * match, match, rng)


class UnfavourableTies(FavourableTies):
    def curve(self, distances, match, rng):
        return Right.curve(self, distances + 1e-9 * match, match, rng)


class TiesInGalleryOrder(Right):
    def order(self, distances, rng):
        return np.argsort(distances, kind="stable")


class OwnCameraAsNegative(Right):
    def kept(self, pid, camid, pids, camids):
        return pids != -1


class OwnCameraAsMatch(OwnCameraAsNegative):
    def matching(self, pid, camid, pids, camids):
        return pids == pid


class JunkAsNegative(Right):
    def kept(self, pid, camid, pids, camids):
        return (pids != pid) | (camids != camid)


class JunkAsMatch(JunkAsNegative):
    def matching(self, pid, camid, pids, camids):
        return super().matching(pid, camid, pids, camids) | (pids == -1)


class Ragged(Right):
    def pad(self, hits):
        return hits[: self.max_rank].astype(float)


class RaggedList(Ragged):
    def measures(self, curves, skipped):
        return Measures(self.card, curves, None, len(curves), skipped)


class ZerosBehindTheGallery(Right):
    def pad(self, hits):
        return np.pad(hits, (0, self.max_rank))[: self.max_rank].astype(float)


class NotCumulative(Right):
    def curve(self, distances, match, rng):
        return self.pad(match[self.order(distances, rng)])


class PerCent(Right):
    def measures(self, curves, skipped):
        return Measures(self.card, 100 * np.mean(curves, axis=0), None, len(curves), skipped)


class FirstQueryOfEachPerson(Right):
    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        rows = np.unique(query_pids, return_index=True)[1]
        return super().evaluate(distmat[rows], query_pids[rows], query_camids[rows], gallery_pids, gallery_camids, rng)


class FirstQueryWeighsTwice(Right):
    def measures(self, curves, skipped):
        return super().measures([curves[0], *curves], skipped)


class FirstImageOfEachPerson(Right):
    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        keys = 10 * gallery_pids + gallery_camids
        columns = np.unique(keys, return_index=True)[1]
        labels = gallery_pids[columns], gallery_camids[columns]
        return super().evaluate(distmat[:, columns], query_pids, query_camids, *labels, rng)


class FixedThreshold(Right):
    def curve(self, distances, match, rng):
        return super().curve(distances, match & (distances < 0.5), rng)


class ShortCard(Right):
    card = {key: text for key, text in CARD.items() if key != "ties"}


class EmptyCard(Right):
    card = {**CARD, "exclusion": " "}


class SortsInPlace(Right):
    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        measures = super().evaluate(distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng)
        distmat.sort(axis=1)
        return measures


class OwnGenerator(RightSingleShot):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def evaluate(self, *arguments):
        return super().evaluate(*arguments[:-1], self.rng)


class CrashesOnMissing(Right):
    def matching(self, pid, camid, pids, camids):
        first = np.flatnonzero(pids == pid)[0]
        return super().matching(pid, camid, pids, camids) & (np.arange(len(pids)) >= first)


class CountsMissingAsFailure(Right):
    def measures(self, curves, skipped):
        cmc = np.sum(curves, axis=0) / (len(curves) + skipped)
        return Measures(self.card, cmc, None, len(curves), skipped)


class DoesNotCountSkipped(Right):
    def measures(self, curves, skipped):
        return Measures(self.card, np.mean(curves, axis=0), None, len(curves))


class ZeroWithoutMatches(Right):
    def evaluate(self, *arguments):
        try:
            return super().evaluate(*arguments)
        except GpnetError:
            return Measures(self.card, np.zeros(20))


class NumpyInOthers(Right):
    def measures(self, curves, skipped):
        return Measures(self.card, np.mean(curves, axis=0), None, len(curves), skipped, {"ranks": np.arange(3)})


class WrongDeviation(Right):
    def measures(self, curves, skipped):
        return Measures(self.card, np.mean(curves, axis=0), np.std(curves), len(curves), skipped)


class Dictionary(Right):
    def measures(self, curves, skipped):
        return {"cmc": np.mean(curves, axis=0)}


@pytest.mark.parametrize("protocol", [Right, RightSingleShot, RightExpectation, RightWithoutCurve])
def test_right_protocol(protocol):
    check_protocol(protocol())


WRONG = {
    AsksJunk: "evaluate, queries of pid -1: found a rate that differs by 0.1304; expected the rates without them",
    Reversed: "true matches nearest: found rank-1 0; expected 1 (smaller is more alike)",
    FavourableTies: "all distances equal: found rank-1 1; expected chance, 0.1: break ties at random",
    UnfavourableTies: "all distances equal: found rank-1 0; expected chance",
    TiesInGalleryOrder: "another order of the gallery, mean over 12 seeds: found a CMC that differs by up to",
    OwnCameraAsMatch: "by the query's camera: found rank-1 1; expected 0 (those images are neither",
    OwnCameraAsNegative: "by the query's camera: found rank-1 0; expected 1 (those images are neither",
    JunkAsNegative: "nearest, with nearer junk images (pid -1): found rank-1 0; expected 1",
    JunkAsMatch: "farthest, with nearer junk images (pid -1): found rank-1 1; expected 0",
    Ragged: "evaluate, two queries with galleries of different lengths: found ValueError",
    RaggedList: "found list ; expected float64 (max_rank,), a value for every rank",
    ZerosBehindTheGallery: "two queries with galleries of different lengths: cmc: found a value below that of the rank",
    NotCumulative: "cmc: found a value below that of the rank before; expected values that never fall",
    PerCent: "expected fractions in [0, 1]",
    FirstQueryOfEachPerson: "evaluate, another order of queries, mean over 12 seeds: found a CMC that differs",
    FirstQueryWeighsTwice: "evaluate, another order of queries: found a CMC that differs by up to",
    FirstImageOfEachPerson: "evaluate, another order of the gallery, mean over 12 seeds: found a CMC that differs",
    FixedThreshold: "evaluate, distances mapped by exp: found a CMC that differs by up to",
    ShortCard: "card['ties']: found None; expected a definition in words",
    EmptyCard: "card['exclusion']: found ' '",
    SortsInPlace: "found its argument distmat changed; expected arguments left as they were",
    OwnGenerator: "evaluate, twice with the same seed: cmc: found other values; expected the same",
    CrashesOnMissing: "evaluate, one person missing from the gallery: found IndexError",
    CountsMissingAsFailure: "one person missing from the gallery: found a CMC that differs by up to",
    DoesNotCountSkipped: "one person missing from the gallery: found queries used and skipped (9, 0); expected (9, 1)",
    ZeroWithoutMatches: "evaluate, no query with a match: found it accepted; expected GpnetError or ValueError",
    NumpyInOthers: "others as JSON: found TypeError",
    WrongDeviation: "cmc_std: found shape (); expected None or (20,) as cmc",
    Dictionary: "found dict; expected gluon_personnet.plugin.contracts.Measures",
}


@pytest.mark.parametrize("protocol", WRONG, ids=lambda protocol: protocol.__name__)
def test_wrong_protocol(protocol):
    with pytest.raises(AssertionError) as caught:
        check_protocol(protocol())
    assert WRONG[protocol] in str(caught.value)
    assert "\n" not in str(caught.value)
