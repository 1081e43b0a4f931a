"""Losses by name: of pairs, of embeddings, and of identification.

======================  ==============================================================================
name                    lowers
======================  ==============================================================================
``pair-softmax``        the cross-entropy of same and different, of pair networks
``ranking``             that of finding each query's own among its pairs, of pair networks
``triplet``             distances to the hardest of the same identity below those to others, of embeddings
``binomial-deviance``   the deviance of cosine similarities of all pairs of a batch, of embeddings
``identification``      the cross-entropy of the training identities (:mod:`.classifier`)
======================  ==============================================================================
"""

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.network.backend import mx
from gluon_personnet.network.kinds import scores_pairs

IDENTIFICATION = "identification"
OF_PAIRS, OF_EMBEDDINGS = ("pair-softmax", "ranking"), ("triplet", "binomial-deviance")
FAR = 1e6
"""Added to a distance that is not to be the smallest."""

ALPHA, BETA, NEGATIVE_COST = 2.0, 0.5, 2.0
"""Of the binomial deviance: slope, similarity between same and different, and weight of different pairs."""


def loss_weights(network, section):
    """The weights of a recipe's losses, or those that its kind of network has by default.

    Parameters
    ----------
    network : Network
    section : TrainingSection

    Returns
    -------
    dict of str to float
        Name -> weight, above 0.

    Raises
    ------
    RecipeError
        If a loss is unknown, or is not one of this kind of network, or none is left.
    """
    pairs = scores_pairs(network)
    known = (*(OF_PAIRS if pairs else OF_EMBEDDINGS), IDENTIFICATION)
    default = {"pair-softmax": 1.0} if pairs else {IDENTIFICATION: 1.0, "triplet": 1.0}
    kind = "a network for pairs" if pairs else "an embedding network"
    for name in section.losses:
        if name not in known:
            raise RecipeError(f"training.losses.{name}: not a loss of {kind}{did_you_mean(name, known)}")
    weights = {name: float(weight) for name, weight in (section.losses or default).items() if weight}
    if pairs and not {*weights} & {*OF_PAIRS} or not weights:
        raise RecipeError(f"training.losses: found {dict(section.losses)}; right: one of {', '.join(known)}")
    return weights


def pair_softmax(logits, same, pair_weights):
    """Cross-entropy of same and different (section IV-B).

    Parameters
    ----------
    logits : float32 (P, 2), [different, same]
    same : float32 (P,), 0 or 1
    pair_weights : float32 (P,)

    Returns
    -------
    float32 (1,)
    """
    return mx.nd.sum(-mx.nd.pick(mx.nd.log_softmax(logits), same) * pair_weights)


def ranking(logits, num_queries):
    """Cross-entropy of finding each query's own gallery image among its pairs, summed over the queries.

    The cross-entropy of same and different can be lowered by moving the margins of all pairs together; this one depends
    on differences between margins only.

    Parameters
    ----------
    logits : float32 (P, 2), [different, same]
        The first `num_queries` pairs are same; pair i is of query ``i % num_queries``.

    Returns
    -------
    float32 (1,)
    """
    different, same = mx.nd.split(logits, num_outputs=2, axis=1)
    by_query = mx.nd.reshape(same - different, shape=(-1, num_queries))  # positives are the first row
    return -mx.nd.sum(mx.nd.slice_axis(mx.nd.log_softmax(by_query, axis=0), axis=0, begin=0, end=1))


def triplet(features, labels):
    """Mean over the images of log(1 + exp(d+ - d-)) of the hardest positive and the hardest negative in the batch.

    Parameters
    ----------
    features : float32 (N, D)
    labels : float32 (N,)

    Returns
    -------
    float32 (1,)

    Source: Hermans, Beyer, Leibe, In Defense of the Triplet Loss for Person Re-Identification, 2017, eq. 5 (batch hard,
    soft margin), Euclidean distance.
    """
    same = _same(labels)
    squares = mx.nd.sum(mx.nd.square(features), axis=1)
    products = mx.nd.FullyConnected(features, features, no_bias=True, num_hidden=features.shape[0])  # (N, N)
    squared = mx.nd.broadcast_add(squares.expand_dims(1), squares.expand_dims(0)) - 2 * products
    distances = mx.nd.sqrt(mx.nd.maximum(squared, 1e-6))
    farthest = mx.nd.max(distances * same, axis=1)
    nearest = mx.nd.min(distances + FAR * same, axis=1)
    return mx.nd.mean(mx.nd.Activation(farthest - nearest, act_type="softrelu"))


def binomial_deviance(features, labels):
    """Mean deviance ln(1 + exp(-alpha (s - beta) m)) of same pairs (m = 1), plus that of different ones (m = -c).

    Parameters
    ----------
    features : float32 (N, D)
        s is the cosine of two of them; all pairs of different images count.
    labels : float32 (N,)

    Returns
    -------
    float32 (1,)

    Source: Yi, Lei, Liao, Li, Deep Metric Learning for Person Re-identification, ICPR 2014, with alpha 2, beta 0.5 and
    negative cost 2.
    Differs from the source in: the paper could not be read; the formula and its constants are from descriptions by
    others.
    """
    count = features.shape[0]
    unit = mx.nd.L2Normalization(features)
    cosines = mx.nd.FullyConnected(unit, unit, no_bias=True, num_hidden=count)  # (N, N)
    same = _same(labels)
    signs = same - NEGATIVE_COST * (1 - same)
    deviance = mx.nd.Activation(-ALPHA * (cosines - BETA) * signs, act_type="softrelu")
    others = 1 - mx.nd.one_hot(mx.nd.arange(count, ctx=features.context), count)
    positive, negative = same * others, 1 - same
    means = (mx.nd.sum(deviance * chosen) / mx.nd.maximum(mx.nd.sum(chosen), 1) for chosen in (positive, negative))
    return sum(means)


def _same(labels):
    """float32 (N, N): 1 where two images show one identity, the diagonal included."""
    return mx.nd.broadcast_equal(labels.expand_dims(1), labels.expand_dims(0))
