"""Identities that the network takes for one another: where hard negatives come from."""

import numpy as np

from gluon_personnet.network.kinds import scores_pairs

COUNT, SHORTLIST = 8, 16
"""Look-alikes kept of each identity, and how many candidates the whole network scores for it."""


def find_look_alikes(scorer, query_images, gallery_images):
    """The identities whose gallery image the network finds most like each identity's query image.

    Of a network that scores pairs, candidates are those whose difference maps are smallest, which costs no pass of the
    head; among them the network's own distances decide. Of an embedding network they decide among all.

    Parameters
    ----------
    scorer : Scorer or EmbeddingScorer
    query_images, gallery_images : uint8 (N, H, W, 3)
        One image of each identity in each of two views.

    Returns
    -------
    int32 (N, K)
        K = 8, or N - 1 if that is less; the nearest first.
    """
    if not scores_pairs(scorer.network):
        distances = scorer.distmat(query_images, gallery_images)
        np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1, kind="stable")[:, : min(COUNT, len(distances) - 1)].astype(np.int32)
    maps = scorer.maps(query_images, gallery_images)
    query, gallery = (np.asarray(side).reshape(len(side), -1) for side in (maps.query, maps.gallery))
    squares = (gallery**2).sum(axis=1) - 2 * (query @ gallery.T)  # up to a constant of the query
    np.fill_diagonal(squares, np.inf)
    most = min(SHORTLIST, len(query) - 1)
    candidates = np.argsort(squares, axis=1, kind="stable")[:, :most]  # (N, most)
    distances = scorer.pairs(maps, candidates)
    order = np.argsort(distances, axis=1, kind="stable")[:, :COUNT]
    return np.take_along_axis(candidates, order, axis=1).astype(np.int32)
