"""Distances between features."""

from gluon_personnet import BaselineEntry, MetricEntry, hookimpl


@hookimpl
def gpnet_metrics():
    return [
        MetricEntry(
            name="euclid",
            factory="gpnet_metrics.euclid:Euclid",
            summary="Euclidean distance; nothing is learned",
        ),
        MetricEntry(
            name="ladf",
            factory="gpnet_metrics.ladf:LADF",
            summary="locally adaptive decision functions: a quadratic function of both images",
            source="Li et al., CVPR 2013, section 3; solver and start as in its code",
            fidelity="faithful",
            options={
                "n_components": 600.0,
                "normalise": "after",
                "penalty_a": 1e-8,
                "penalty_b": 1e-6,
                "max_steps": 100,
            },
        ),
        MetricEntry(
            name="mlapg",
            factory="gpnet_metrics.mlapg:MLAPG",
            summary="logistic metric over positive semidefinite matrices, by accelerated proximal gradient",
            source="Liao, Li, ICCV 2015",
            fidelity="faithful",
            options={"n_components": 600.0, "normalise": "none", "max_steps": 300, "tolerance": 1e-4},
        ),
        MetricEntry(
            name="mlr",
            factory="gpnet_metrics.mlr:MLR",
            summary="metric learning to rank: structural SVM over rankings",
            source="McFee, Lanckriet, ICML 2010, algorithm 1",
            fidelity="faithful",
            options={
                "n_components": 100.0,
                "normalise": "none",
                "loss": "auc",
                "k": 1,
                "c": 1e4,
                "tolerance": 1e-2,
                "max_rounds": 60,
            },
        ),
        MetricEntry(
            name="rank-svm",
            factory="gpnet_metrics.rank_svm:RankSVM",
            summary="a weight for each dimension of the absolute difference",
            source="Prosser et al., BMVC 2010, section 2.3",
            fidelity="faithful",
            options={"n_components": 100.0, "normalise": "none", "npratio": 10, "c": 100.0, "seed": 0},
        ),
        MetricEntry(
            name="rdc",
            factory="gpnet_metrics.rdc:RDC",
            summary="relative distance comparison (PRDC): directions of the absolute difference",
            source="Zheng, Gong, Xiang, CVPR 2011, sections 2.2 and 2.3; TPAMI 2013",
            fidelity="faithful",
            options={
                "n_components": 100.0,
                "normalise": "none",
                "npratio": 10,
                "max_directions": 40,
                "max_steps": 100,
                "tolerance": 1e-3,
                "seed": 0,
            },
        ),
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
