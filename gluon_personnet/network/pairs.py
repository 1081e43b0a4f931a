"""What training and scoring need of any network: shared sides, pairs of them, starting values, parameters by name."""

from gluon_personnet.backend import mx
from gluon_personnet.network.layers import HybridBlock


class Sides(HybridBlock):
    """Each image's share of all its pairs, computed once; both views pass the trunk together.

    Parameters
    ----------
    network : Network
    num_query : int
        How many of the images are queries.
    identify : bool
        Whether to put out, of all images, what identities can be told from too: ``network.embedding``, or the trunk
        maps of a network without one.

    Inputs/Outputs
    --------------
    images : float32 (A + B, 3, H, W), queries first -> float32 (A, ...), float32 (B, ...), whose difference is a
    pair's; with `identify` also float32 (A + B, ...).
    """

    def __init__(self, network, num_query, identify=False):
        super().__init__()
        self.trunk, self.query, self.gallery = network.trunk, network.compare.query, network.compare.gallery
        self.embedding = getattr(network, "embedding", None) if identify else None
        self._num_query, self._identify = num_query, identify

    def hybrid_forward(self, F, images):
        maps = self.trunk(images)
        query = self.query(F.slice_axis(maps, axis=0, begin=0, end=self._num_query))
        gallery = self.gallery(F.slice_axis(maps, axis=0, begin=self._num_query, end=None))
        if not self._identify:
            return query, gallery
        return query, gallery, maps if self.embedding is None else self.embedding(maps)


class PairLogits(HybridBlock):
    """Logits of chosen pairs of sides.

    Inputs/Outputs
    --------------
    query : float32 (A, C, h, w), gallery : float32 (B, C, h, w), query_index and gallery_index : int32 (P,) ->
    float32 (P, 2) logits [different, same].
    """

    def __init__(self, network):
        super().__init__()
        self.head = network.head

    def hybrid_forward(self, F, query, gallery, query_index, gallery_index):
        # added, because the gradient of a difference copies what that of a sum passes on
        return self.head(F.take(query, query_index) + F.take(-gallery, gallery_index))


def initialise(network, ctx, weight_magnitude=3.0, bias_range=0.5):
    """Xavier weights and uniform biases, from MXNet's seeded generator.

    Biases start away from zero because from the difference on, max pooling aside, tanh layers without bias are odd
    functions, while "same or different" is an even one.

    Parameters
    ----------
    weight_magnitude : float
        Xavier magnitude (uniform, average fan).
    bias_range : float
        Biases are uniform in [-bias_range, bias_range]; 0 gives zeros.
    """
    xavier = mx.init.Xavier(rnd_type="uniform", factor_type="avg", magnitude=weight_magnitude)
    biases = mx.init.Uniform(bias_range) if bias_range else mx.init.Zero()
    for parameter in unique_parameters(network).values():
        start = biases if parameter.name.endswith("bias") else xavier
        parameter.initialize(default_init=start, ctx=ctx)  # unless the layer sets its own, as batch normalisation


def plain(network):
    """The network as it is tested, scored with and exported: without what only training needs.

    A network that differs in training has a method ``plain()``, which makes this one of its present parameters.
    """
    return network.plain() if hasattr(network, "plain") else network


def unique_parameters(network):
    """Structural name -> Parameter, every shared one once and in a fixed order."""
    found, seen = {}, set()
    for name, parameter in sorted(network._collect_params_with_prefix().items()):
        if id(parameter) not in seen:
            seen.add(id(parameter))
            found[name] = parameter
    return found


def export_network(network, path, ctx):
    """Write ``PATH-symbol.json`` and ``PATH-0000.params``, inputs ``data0`` (query) and ``data1`` (gallery)."""
    blank = mx.nd.zeros((1, 3, network.options["height_px"], network.options["width_px"]), ctx=ctx)
    network.hybridize()
    network(blank, blank)
    network.export(str(path), remove_amp_cast=False)
