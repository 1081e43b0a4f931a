"""``gpnet bench estimate``: what scoring a data set will take, judged by the first tiles, and how far off that is."""

import time

from tqdm import tqdm

from gluon_personnet.bench.growth import ManyImages
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise
from gluon_personnet.scoring.cost import Cost
from gluon_personnet.scoring.scorer import Scorer

IMAGES = 512


def _seconds_per_image(scorer, size):
    images = ManyImages(IMAGES // 2, *size, "query"), ManyImages(IMAGES // 2, *size, "gallery")
    scorer.maps(*(side[:64] for side in images))
    start = time.perf_counter()
    scorer.maps(*images)
    return (time.perf_counter() - start) / IMAGES


def _first_tiles(scorer, size, queries, gallery):
    """:class:`Cost` of the whole matrix, judged by tiles of the shape that it will be scored in."""
    whole = scorer.tiling_of(queries, gallery)
    columns = min(gallery, 4 * whole.columns)
    maps = scorer.maps(ManyImages(whole.rows, *size, "query"), ManyImages(columns, *size, "gallery"))
    tiling = scorer.tiling(maps)
    cost = Cost(len(whole) * whole.rows * whole.columns)
    while cost.seconds is None:
        for _ in scorer.tiles(maps, tiling, list(range(len(tiling))) * 4):
            cost.add(tiling.rows * tiling.columns)
    return cost


def run(ctx, queries=3368, gallery=15913, precision="float32", slice_queries=0):
    """Estimate scoring with PersonNet, and check the estimate on a slice.

    Parameters
    ----------
    ctx : mxnet.Context
    queries, gallery : int
        Size of the distance matrix.
    precision : str
    slice_queries : int
        Score so many queries with the whole gallery and compare with what had been estimated for that; 0 for not.

    Returns
    -------
    dict
        JSON types.
    """
    mx.random.seed(0)
    network = PersonNet()
    initialise(network, ctx)
    size = network.options["height_px"], network.options["width_px"]
    scorer = Scorer(network, ctx, precision=precision)
    per_image = _seconds_per_image(scorer, size)
    cost = _first_tiles(scorer, size, queries, gallery)
    seconds = cost.seconds + per_image * (queries + gallery)
    result = {
        "bench": "estimate",
        "queries": queries,
        "gallery": gallery,
        "precision": precision,
        "pairs_per_s": cost.rate,
        "images_per_s": 1 / per_image,
        "estimated_seconds": seconds,
        "estimated_time": tqdm.format_interval(seconds),
    }
    if slice_queries:
        tiling = scorer.tiling_of(slice_queries, gallery)
        estimated = per_image * (slice_queries + gallery)
        estimated += len(tiling) * tiling.rows * tiling.columns / cost.rate
        start = time.perf_counter()
        scorer.distmat(ManyImages(slice_queries, *size, "query"), ManyImages(gallery, *size, "gallery"), progress=True)
        taken = time.perf_counter() - start
        result.update(
            slice_queries=slice_queries,
            slice_estimated_seconds=estimated,
            slice_seconds=taken,
            slice_estimate_error=estimated / taken - 1,
        )
    return {**result, "versions": versions()}
