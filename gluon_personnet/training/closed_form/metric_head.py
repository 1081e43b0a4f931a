"""A head in closed form: PersonNet's layers behind the trunk set so that a pair's distance is a quadratic metric.

A random head has to find out by gradients that a distance is an even function of the difference, and it fits the
training pairs long before it does. The metric is fitted to means over many pairs, and further training starts from it.
"""

import numpy as np
from scipy.linalg import eigh

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import ACTIVATIONS
from gluon_personnet.network.normalisation import EPSILON
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.training.closed_form.map_pairs import MapPairs

REGULARISATION = 0.3
"""Added to the covariance of same pairs, in units of the mean variance of different ones."""

FRONT_DEVIATION, DEVIATION = 0.05, 0.5
"""Of outputs before gain and bias: of patch summary and Conv4, where tanh is to be nearly linear, and of FC1 to FC3."""

BEND = 1 / 3
"""Bias of the units of FC1: where tanh bends most, so that a unit and its mirror image add up to an even function."""

SIGNAL = 0.8
"""Share of the deviation in FC2 and FC3 that is the distance; the rest is random, so that the units differ."""

MARGIN_DEVIATION = 8.0
"""Standard deviation of the difference of the two logits over the pairs."""

SAMPLE = 6_000
"""Pairs that the scales of FC2, FC3 and the logits are measured on."""


def check_metric_head(network, recipe):
    """Raise RecipeError if the recipe asks for a metric head and its network cannot have one."""
    share = recipe.training.metric_head_at
    found = f"training.metric_head_at: found {share}"
    if share < 1 and not isinstance(network, PersonNet):
        raise RecipeError(f"{found} with network {recipe.network.name}; right: 1.0, or network personnet")
    if share < 1 and ACTIVATIONS[network.options["activation"]][1] != "tanh":
        raise RecipeError(f"{found} with activation {network.options['activation']}; right: 1.0, or tanh")


def set_metric_head(network, data, recipe, execution):
    """Fit the head of a PersonNet in training to its trunk's maps of the training images.

    Parameters
    ----------
    network : PersonNet
    data : TrainingData
    recipe : Recipe
    execution : Execution
    """
    rng = seeding.generator(recipe.seed, "metric head")
    any_order = recipe.training.view_order == "random"
    pairs = MapPairs(network, data.samples, data.train, data.cache.images, any_order, rng, execution)
    start_as_metric(network, pairs, rng)


def start_as_metric(network, pairs, rng):
    """Set everything behind the trunk so that the distance of a pair is a quadratic form of its values in Pool4.

    Neighbourhood difference and patch summary become the plain difference, Conv4 the sum over 3x3. With I and E the
    covariances of Pool4's values over same and over different pairs, and v the eigenvectors of (E, I) with eigenvalues
    e above 1, the distance is the sum of (1 - 1/e) (v z)^2. FC1 has units for v z and for -v z, of which each two add
    up to an even function; FC2 and FC3 pass on their sum beside random values.

    Parameters
    ----------
    network : PersonNet
        Initialised, with tanh; its trunk stays as it is.
    pairs : MapPairs
    rng : numpy.random.Generator

    Returns
    -------
    int
        Directions v.

    Source: Koestinger et al., Large Scale Metric Learning from Equivalence Constraints, CVPR 2012; Liao et al., Person
    Re-Identification by Local Maximal Occurrence Representation and Metric Learning, CVPR 2015, section 4.2.
    """
    setter = _Setter(network.options["activation"])
    conv4, *dense, logits, summary = network.layers()[len(network.trunk.layers) :]
    same, different = (rng.permutation(some) for some in (pairs.same, pairs.different))
    few = [*same[: SAMPLE // 24], *different[: SAMPLE // 8]]
    front = _set_front(setter, summary, conv4, pairs, few)
    same, different = (
        np.concatenate([front(some) for some in pairs.differences(which)]) for which in (same, different)
    )

    units = dense[0][0].shape[0]
    centre = same.mean(axis=0)
    directions, strengths = _directions(same - centre, different - centre)
    directions, strengths = directions[:, : units // 2], strengths[: units // 2]
    sample = np.concatenate([same[: SAMPLE // 6], different[: SAMPLE - SAMPLE // 6]])
    is_same = np.arange(len(sample)) < len(same[: SAMPLE // 6])

    # FC1: v and -v until its units are used up
    count = len(strengths)
    number = np.resize(np.arange(2 * count), units)
    weight = (
        np.where(number < count, 1, -1)[:, None] * (directions / np.linalg.norm(directions, axis=0)).T[number % count]
    )
    linear = sample @ weight.T
    off_centre = (linear.mean(axis=0) - weight @ centre) / _spread(linear)
    hidden = setter.set(dense[0], weight, BEND + DEVIATION * off_centre, linear)
    even = hidden[:, :count] + hidden[:, count : 2 * count]
    slope = np.sign(even[~is_same].mean(axis=0) - even[is_same].mean(axis=0))
    spread = (sample @ directions).var(axis=0)
    passed = (slope * strengths * spread)[number % count] / np.bincount(number)[number]
    for layer in dense[1:]:
        units = layer[0].shape[0]
        weight = _passing(hidden, passed, units, rng)
        hidden = setter.set(layer, weight, rng.uniform(-0.1, 0.1, units), hidden @ weight.T)
        passed = np.ones(units)
    weight = passed / (hidden @ passed).std() * MARGIN_DEVIATION / 2
    logits[0].set_data(mx.nd.array(np.stack([weight, -weight])))
    logits[1].set_data(mx.nd.zeros(2))
    return count


class _Setter:
    """Sets layers so that their outputs have a given deviation."""

    def __init__(self, activation):
        self._gain, _ = ACTIVATIONS[activation]

    def set(self, layer, weight, bias, linear, deviation=DEVIATION):
        """Set a layer so that its linear outputs float (n, units), scaled, get that bias; return its activations.

        A layer without normalisation has the scale in its weights.
        """
        mean, spread = linear.mean(axis=0), _spread(linear)
        scale = deviation / spread
        of_weight, of_bias, norm = layer
        if norm is None:
            weight, bias_of_all = weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), bias - scale * mean
        else:
            bias_of_all = bias * np.ones(len(weight))
            for parameter, value in (
                (norm.running_mean, mean),
                (norm.running_var, spread**2 - EPSILON),
                (norm.deviation, [deviation]),
            ):
                parameter.set_data(mx.nd.array(value))
        of_weight.set_data(mx.nd.array(weight))
        of_bias.set_data(mx.nd.array(bias_of_all))
        return self.activated(scale * (linear - mean) + bias)

    def activated(self, values):
        """The activation of float values, gain included."""
        return np.tanh(self._gain * values)


def _set_front(setter, summary, conv4, pairs, few):
    """Set patch summary and Conv4, scaled on a few pairs; return what makes Pool4's values, (n, units), of maps."""
    channels = len(summary[0].data())
    centre, box = np.zeros((2, channels, channels, 3, 3))
    centre[np.arange(channels), np.arange(channels), 1, 1] = 1
    box[np.arange(channels), np.arange(channels)] = 1 / 3
    few = np.concatenate(list(pairs.differences(np.array(few))))

    def summed(maps):
        """Box filter and Pool4 of activated differences, both float32 (n, C, h, w)."""
        sums = mx.nd.Pooling(mx.nd.array(maps), kernel=(3, 3), stride=(1, 1), pool_type="avg") * 3
        return mx.nd.Pooling(sums, kernel=(2, 2), stride=(2, 2), pool_type="max").asnumpy()

    def by_channel(maps):
        return maps.transpose(0, 2, 3, 1).reshape(-1, channels)

    flat = by_channel(few)
    scale = FRONT_DEVIATION / _spread(flat)
    setter.set(summary, centre, scale * flat.mean(axis=0), flat, FRONT_DEVIATION)  # no difference stays none
    differences = scale[:, None, None]
    pooled = by_channel(summed(setter.activated(few * differences)))
    setter.set(conv4, box, 0.0, pooled, FRONT_DEVIATION)
    mean, factor = (values[:, None, None] for values in (pooled.mean(axis=0), FRONT_DEVIATION / _spread(pooled)))

    def front(maps):
        pooled = summed(setter.activated(maps * differences))
        return setter.activated((pooled - mean) * factor).reshape(len(maps), -1).astype(np.float64)

    return front


def _spread(rows):
    """Standard deviation of every column, even where a unit is dead high enough that its square is above EPSILON."""
    return np.maximum(rows.std(axis=0), 5e-3)


def _directions(same, different):
    """Generalised eigenvectors (r, k) with eigenvalues above 1, largest first, and 1 - 1 / eigenvalue."""
    intra, extra = (rows.T @ rows / len(rows) for rows in (same, different))
    intra[np.diag_indices_from(intra)] += REGULARISATION * np.trace(extra) / len(extra)
    values, vectors = eigh(extra, intra)
    kept = max(1, int((values > 1).sum()))
    return vectors[:, ::-1][:, :kept], 1 - 1 / np.maximum(values[::-1][:kept], 1 + 1e-6)


def _passing(hidden, passed, units, rng):
    """Weights (units, inputs), of length 1, of units whose output is mostly ``hidden @ passed``."""
    noise = rng.normal(0, np.sqrt((1 - SIGNAL**2) / hidden.var(axis=0).sum()), (units, len(passed)))
    weight = SIGNAL * passed / (hidden @ passed).std() + noise
    return weight / np.linalg.norm(weight, axis=1, keepdims=True)
