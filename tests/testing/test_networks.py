"""check_network accepts right networks and names what is wrong with each wrong one."""

import itertools

import pytest

from gluon_personnet.network.backend import mx
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.testing import check_network

nn = mx.gluon.nn


class Compare(mx.gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.query, self.gallery = nn.Conv2D(3, 1), nn.Conv2D(3, 1)

    def hybrid_forward(self, F, query, gallery):
        return self.query(query) - self.gallery(gallery)


class Right(mx.gluon.HybridBlock):
    """The smallest network of three parts."""

    make_trunk = staticmethod(lambda: nn.Conv2D(4, 3))
    make_head = staticmethod(lambda: nn.Dense(2))
    options = {"height_px": 12, "width_px": 8}

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.trunk = self.make_trunk()
            self.compare = Compare()
            self.head = self.make_head()

    def hybrid_forward(self, F, query, gallery):
        return self.head(self.compare(self.trunk(query), self.trunk(gallery)))


class WithoutHead(Right):
    make_head = staticmethod(lambda: None)


class WithoutSize(Right):
    options = {"height_px": 12}


class ThreeLogits(Right):
    make_head = staticmethod(lambda: nn.Dense(3))


class NotFinite(Right):
    def hybrid_forward(self, F, query, gallery):
        return F.log(super().hybrid_forward(F, query, gallery) * 0 - 1)


class OtherParts(Right):
    def hybrid_forward(self, F, query, gallery):
        return super().hybrid_forward(F, gallery, query)


class BatchStatistics(Right):
    def hybrid_forward(self, F, query, gallery):
        logits = super().hybrid_forward(F, query, gallery)
        return F.broadcast_sub(logits, 0.1 * F.mean(logits, axis=0, keepdims=True))


class Centred(mx.gluon.HybridBlock):
    def hybrid_forward(self, F, images):
        return F.broadcast_sub(images, 0.5 * F.mean(images, axis=0, keepdims=True))


class BatchStatisticsInTrunk(Right):
    """The whole agrees with its parts, which themselves look at the batch."""

    make_trunk = Centred


class OtherOnceHybridised(Right):
    def hybrid_forward(self, F, query, gallery):
        logits = super().hybrid_forward(F, query, gallery)
        return logits if F is mx.nd else logits * 2


class Scale(mx.gluon.HybridBlock):
    """Multiplies by a number that differs from object to object."""

    numbers = itertools.count(1)

    def __init__(self):
        super().__init__()
        self.scale = next(self.numbers)

    def hybrid_forward(self, F, images):
        return images * self.scale


class StateOutsideParameters(Right):
    make_trunk = Scale


class Crashes(Right):
    def hybrid_forward(self, F, query, gallery):
        raise RuntimeError("boom")


@pytest.mark.parametrize(
    "make", [Right, lambda: PersonNet(depth=7, height_px=60, width_px=40)], ids=["Right", "PersonNet"]
)
def test_right_network(make):
    check_network(make)


WRONG = {
    WithoutHead: "head: found None; expected a block",
    WithoutSize: "options['width_px']: found None; expected the size of its images in px",
    ThreeLogits: "logits of the block: found float32 (3, 3); expected float32 (3, 2)",
    NotFinite: "logits of the block: found NaN or infinity; expected finite values",
    OtherParts: "head(compare.query(trunk(query)) - compare.gallery(trunk(gallery))): found a difference of up to",
    BatchStatistics: "head(compare.query(trunk(query)) - compare.gallery(trunk(gallery))): found a difference of up to",
    BatchStatisticsInTrunk: "logits of a pair without the other pairs: found a difference of up to",
    OtherOnceHybridised: "logits once hybridised: found a difference of up to",
    StateOutsideParameters: "saving parameters and loading them into another network: found a difference",
    Crashes: "the block: found RuntimeError: boom",
}


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_wrong_network(make):
    with pytest.raises(AssertionError) as caught:
        check_network(make)
    assert WRONG[make] in str(caught.value)
    assert "\n" not in str(caught.value)
