"""The two kinds of network: those that score pairs of images, and those that embed single ones."""

from gluon_personnet.network.backend import mx

DISTANCES = ("cosine", "euclidean")
"""How the vectors of an embedding network are compared; the first where it does not say."""


def scores_pairs(network):
    """Whether the network scores pairs, by ``head`` or ``pair``; otherwise it embeds single images."""
    return any(getattr(network, name, None) is not None for name in ("head", "pair"))


def forward_blank(network, ctx):
    """What an initialised network gives for one blank pair or image; afterwards the shapes of all parameters are known.

    Returns
    -------
    float32 (1, 2) logits, or float32 (1, D)
    """
    blank = mx.nd.zeros((1, 3, network.options["height_px"], network.options["width_px"]), ctx=ctx)
    return network(blank, blank) if scores_pairs(network) else network(blank)
