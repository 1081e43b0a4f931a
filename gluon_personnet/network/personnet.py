"""PersonNet (Wu, Shen, van den Hengel, 2016): siamese trunk, neighbourhood difference, pair head."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Sequence

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import (
    ACTIVATIONS,
    AS_IT_IS,
    AS_PIXELS,
    Compare,
    Convolution,
    Head,
    HybridBlock,
    between_convolutions,
)
from gluon_personnet.plugin.ranges import AtLeast, Between, ListOf, OneOf

MOST_PX, MOST_UNITS = 4096, 65_536
TRUNK = {10: "PPCC", 9: "PPC", 8: "PP", 7: "PP"}
"""Depth -> trunk: P is a convolution with pooling, C one without. Depth 9 drops Conv3, 8 also Conv2, 7 also FC2."""


@dataclass(frozen=True)
class Sizes:
    """What a choice of depth and size rule means: the input window that counts, and the maps behind it."""

    window: tuple  # (H, W) px of the input that the trunk's output depends on
    maps: tuple  # (H, W) of the trunk's output
    pooled: tuple  # (H, W) behind Pool4


def _forward_size(size, shrink, trunk):
    """Trunk output along one axis by Table I's own counting: pooling in ceil mode."""
    for layer in trunk:
        size -= shrink
        if layer == "P":
            size = -(-size // 2)
    return size


def _backward_size(size, trunk):
    """Input pixels along one axis that an output of `size` depends on, by plain valid convolutions."""
    for layer in reversed(trunk):
        size = (2 * size if layer == "P" else size) + 2
    return size


def plan_sizes(depth, height_px, width_px, sizes="table"):
    """Map sizes for an input, and the window of the input that decides them.

    Table I's maps shrink by 3 per convolution: a valid 3x3 convolution (minus 2), then one row and column dropped.
    Dropping the last row and column of a map is the same as never computing it, back to the input; so the maps of
    Table I, from a 160x60 image, are those of plain valid convolutions over its first 150x50 pixels, without any
    slicing between the layers. ``sizes='valid'`` keeps what Table I drops.

    Returns
    -------
    Sizes

    Raises
    ------
    RecipeError
        If the depth is unknown or the input too small for the head.
    """
    if depth not in TRUNK:
        raise RecipeError(f"network.depth: found {depth!r}; right: one of {sorted(TRUNK)}")
    if sizes not in ("table", "valid"):
        raise RecipeError(f"network.sizes: found {sizes!r}; right: 'table' or 'valid'")
    shrink = 3 if sizes == "table" else 2
    maps = tuple(_forward_size(size, shrink, TRUNK[depth]) for size in (height_px, width_px))
    pooled = tuple((size - 2) // 2 for size in maps)
    if min(pooled) < 1:
        raise RecipeError(
            f"network: input {height_px}x{width_px} px is too small; right: 160x60 px for Table I's sizes"
        )
    window = (height_px, width_px)
    if sizes == "table":
        window = tuple(_backward_size(size, TRUNK[depth]) for size in maps)
    return Sizes(window, maps, pooled)


class Trunk(HybridBlock):
    """The tied convolutions of Table I (Conv0 to Conv3) on one image.

    Inputs/Outputs
    --------------
    float32 (N, 3, H, W) RGB 0..255 -> float32 (N, 32, h, w); 160x60 px gives 32x7 at depth 10.
    """

    def __init__(self, depth, activation, window, channels, standardise=False, normalise=0.0):
        super().__init__()
        self.window, self._standardise = window, standardise
        with self.name_scope():
            self.layers = mx.gluon.nn.HybridSequential(prefix="")
            taken, maps = 3, AS_IT_IS if standardise else AS_PIXELS
            for place, layer in enumerate(TRUNK[depth], 1):
                pool = "full" if layer == "P" else None
                last = place == len(TRUNK[depth])
                self.layers.add(Convolution(taken, channels, activation, pool, normalise, maps, not last))
                taken, (*_, maps) = channels, between_convolutions(activation)

    def hybrid_forward(self, F, images):
        height, width = self.window
        x = F.slice(images, begin=(None, None, 0, 0), end=(None, None, height, width))
        if self._standardise:
            x = F.InstanceNorm(x, F.ones((3,)), F.zeros((3,)), eps=1.0)
        return self.layers(x)


@dataclass(frozen=True)
class Architecture:
    """The options of :class:`PersonNet`, which says what each means."""

    depth: Annotated[int, OneOf(*TRUNK)] = 10
    activation: Annotated[str, OneOf(*ACTIVATIONS)] = "scaled-tanh"
    sizes: Annotated[str, OneOf("table", "valid")] = "table"
    dropout: Annotated[float, Between(0, 1, closed="low")] = 0.5
    height_px: Annotated[int, Between(1, MOST_PX)] = 160
    width_px: Annotated[int, Between(1, MOST_PX)] = 60
    channels: Annotated[int, Between(1, MOST_UNITS)] = 32
    units: Annotated[Sequence[int], ListOf(int, Between(1, MOST_UNITS), length=3)] = (4096, 4096, 512)
    standardise: bool = False
    normalise: Annotated[float, AtLeast(0)] = 0.0


class PersonNet(HybridBlock):
    """The network of Fig. 2 and Table I for pairs of images.

    Parameters
    ----------
    depth : {10, 9, 8, 7}
        Weight layers; 10 is the paper's network. Fewer layers leave out, in this order, Conv3, Conv2 and FC2 (the
        project's reading of the paper's "7-10 weight layers").
    activation : {'scaled-tanh', 'tanh', 'relu'}
        tanh(3x/2) of section III-A, or a replacement for studies.
    sizes : {'table', 'valid'}
        See :func:`plan_sizes`.
    dropout : float in [0, 1)
        After FC1 and FC2 (section V), in training only.
    height_px, width_px : int
        Size of the input images.
    channels : int
        Channels of every convolution; 32 in Table I.
    units : sequence of 3 int
        Widths of FC1, FC2 and FC3; 4096, 4096 and 512 in Table I.
    normalise : float
        Above 0, batch normalisation gives every activation an input of this deviation (before the gain of 3/2 and the
        bias) in training; :meth:`plain` folds it into the weights. 0, as in the paper, for none.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, height_px, width_px), RGB 0..255 -> float32 (P, 2) logits [different, same].

    The distance of a pair is ``logits[:, 0] - logits[:, 1]``: softmax probabilities saturate and make ties.

    Source: Table I, Fig. 2, equations 1 and 2.
    Differs from the source in: Table I prints 32x7 for Conv4; only 30x5 gives its next row. The order of first and
    second image matters, as in the paper (section III-B).
    """

    Options = Architecture

    def __init__(self, **options):
        super().__init__()
        of = self.architecture = Architecture(**options)
        self.options = {key: getattr(of, key) for key in ("depth", "activation", "height_px", "width_px")}
        self.normalise = of.normalise
        plan = plan_sizes(of.depth, of.height_px, of.width_px, of.sizes)
        units = list(of.units) if of.depth > 7 else [of.units[0], of.units[2]]
        flat_units = of.channels * plan.pooled[0] * plan.pooled[1]
        with self.name_scope():
            self.trunk = Trunk(of.depth, of.activation, plan.window, of.channels, of.standardise, of.normalise)
            self.compare = Compare(of.channels, of.activation, normalised=bool(of.normalise))
            self.head = Head(of.channels, flat_units, units, of.activation, of.dropout, of.normalise)

    def hybrid_forward(self, F, query, gallery):
        return self.head(self.compare(self.trunk(query), self.trunk(gallery)))

    def plain(self):
        """The network of Table I that computes the same at test time: normalisation folded into weights and biases.

        Returns
        -------
        PersonNet
            Itself without normalisation; otherwise a new one, on the same device.
        """
        if not self.normalise:
            return self
        plain = PersonNet(**dataclasses.asdict(dataclasses.replace(self.architecture, normalise=0.0)))
        plain.initialize(ctx=self.head.logits.bias.list_ctx())
        for (weight, bias, norm), (*target, _) in zip(self.layers(), plain.layers()):
            values = weight.data(), bias.data()
            for parameter, value in zip(target, norm.fold(*values) if norm else values):
                parameter.set_data(value)
        return plain

    def keep_statistics(self):
        """From now on, normalise by the running statistics in training too."""
        for *_, norm in self.layers():
            if norm is not None:
                norm.keep_statistics = True
        self.hybridize(self._active)  # forget what was compiled

    def layers(self):
        """List of (weight, bias, normalisation or None): the trunk's, Conv4, FC1 to FC3, logits; patch summary last."""
        simple = [*self.trunk.layers, self.head.conv4, *self.head.dense, self.head.logits]
        bias = self.head.bias if self.normalise else self.compare.gallery.bias
        summary = self.compare.gallery.weight, bias, self.head.norm
        return [*((layer.weight, layer.bias, layer.norm) for layer in simple), summary]
