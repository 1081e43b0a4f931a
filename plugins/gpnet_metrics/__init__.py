"""Distances between features."""

from gluon_personnet import BaselineEntry, MetricEntry, hookimpl


@hookimpl
def gpnet_metrics():
    return [
        MetricEntry(
            name="euclid",
            factory="gpnet_metrics.euclid:Euclid",
            summary="Euclidean distance; nothing is learned",
        )
    ]


@hookimpl
def gpnet_baselines():
    return [
        BaselineEntry(
            name="euclid",
            factory="gpnet_metrics.euclid:baseline",
            summary="Euclidean distance of raw pixels",
            source="the row Euclid in Tables II and III of Wu, Shen, van den Hengel 2016",
            fidelity="reconstruction",
            published={
                "cuhk01": "871/100 identities, single-shot, rank-1/5/10/20: 10.52 / 28.07 / 39.94 / 55.07 (Table III)",
                "cuhk03": "1160/100 identities, labeled, single-shot: 5.64 / 18.93 / 28.96 / 43.17 (Table II)",
            },
        )
    ]
