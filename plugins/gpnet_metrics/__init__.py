"""Distances between features."""

from gluon_personnet import MetricEntry, hookimpl


@hookimpl
def gpnet_metrics():
    return [
        MetricEntry(
            name="cosine",
            factory="gpnet_metrics.cosine:Cosine",
            summary="1 - cosine of the angle; nothing is learned",
            fidelity="exact",
        ),
        MetricEntry(
            name="euclid",
            factory="gpnet_metrics.euclid:Euclid",
            summary="Euclidean distance; nothing is learned",
            fidelity="exact",
        ),
        MetricEntry(
            name="itml",
            factory="gpnet_metrics.itml:ITML",
            summary="LogDet-nearest matrix to the identity under pair constraints",
            source="Davis et al., Information-Theoretic Metric Learning, ICML 2007, algorithm 1",
            fidelity="faithful",
        ),
        MetricEntry(
            name="kissme",
            factory="gpnet_metrics.kissme:KISSME",
            summary="difference of two inverse covariances of pairs",
            source="Koestinger et al., Large Scale Metric Learning from Equivalence Constraints, CVPR 2012",
            fidelity="faithful",
        ),
        MetricEntry(
            name="klfda",
            factory="gpnet_metrics.klfda:KLFDA",
            summary="local Fisher discriminant analysis on a kernel",
            source="Xiong et al., ECCV 2014",
            fidelity="faithful",
        ),
        MetricEntry(
            name="kmfa",
            factory="gpnet_metrics.kmfa:KMFA",
            summary="marginal Fisher analysis on a kernel",
            source="Xiong et al., ECCV 2014",
            fidelity="faithful",
        ),
        MetricEntry(
            name="l1",
            factory="gpnet_metrics.l1:L1",
            summary="sum of absolute differences; nothing is learned",
            fidelity="exact",
        ),
        MetricEntry(
            name="ladf",
            factory="gpnet_metrics.ladf:LADF",
            summary="locally adaptive decision functions: a quadratic function of both images",
            source="Li et al., CVPR 2013; penalties of Gou et al., TPAMI 2019",
            fidelity="faithful",
        ),
        MetricEntry(
            name="ldm",
            factory="gpnet_metrics.ldm:LDM",
            summary="logistic discriminant metric learning (LDML)",
            source="Guillaumin, Verbeek, Schmid, Is That You?, ICCV 2009",
            fidelity="faithful",
        ),
        MetricEntry(
            name="lfda",
            factory="gpnet_metrics.lfda:LFDA",
            summary="local Fisher discriminant analysis",
            source="Sugiyama, JMLR 2007; Pedagadi et al., CVPR 2013",
            fidelity="faithful",
        ),
        MetricEntry(
            name="lmnn",
            factory="gpnet_metrics.lmnn:LMNN",
            summary="large margin nearest neighbours across cameras",
            source="Weinberger, Saul, JMLR 2009",
            fidelity="faithful",
        ),
        MetricEntry(
            name="metric-ensembles",
            factory="gpnet_metrics.metric_ensembles:MetricEnsembles",
            summary="weighted sum of other metrics' distances, on one feature or several side by side",
            source="Paisitkriangkrai, Shen, van den Hengel, CVPR 2015",
            fidelity="reconstruction",
        ),
        MetricEntry(
            name="mfa",
            factory="gpnet_metrics.mfa:MFA",
            summary="marginal Fisher analysis",
            source="Yan et al., Graph Embedding and Extensions, TPAMI 2007; Xiong et al., ECCV 2014",
            fidelity="faithful",
        ),
        MetricEntry(
            name="mlapg",
            factory="gpnet_metrics.mlapg:MLAPG",
            summary="logistic metric over positive semidefinite matrices, by accelerated proximal gradient",
            source="Liao, Li, ICCV 2015",
            fidelity="faithful",
        ),
        MetricEntry(
            name="mlr",
            factory="gpnet_metrics.mlr:MLR",
            summary="metric learning to rank: structural SVM over rankings",
            source="McFee, Lanckriet, ICML 2010, with a Frobenius norm as regulariser",
            fidelity="approximate",
        ),
        MetricEntry(
            name="pcca",
            factory="gpnet_metrics.pcca:PCCA",
            summary="pairwise constrained component analysis on a kernel",
            source="Mignon, Jurie, PCCA: Distance Learning from Sparse Pairwise Constraints, CVPR 2012",
            fidelity="faithful",
        ),
        MetricEntry(
            name="rank-svm",
            factory="gpnet_metrics.rank_svm:RankSVM",
            summary="a weight for each dimension of the absolute difference",
            source="Prosser et al., BMVC 2010, without its ensemble",
            fidelity="approximate",
        ),
        MetricEntry(
            name="rdc",
            factory="gpnet_metrics.rdc:RDC",
            summary="relative distance comparison (PRDC): directions of the absolute difference",
            source="Zheng, Gong, Xiang, CVPR 2011; TPAMI 2013",
            fidelity="faithful",
        ),
        MetricEntry(
            name="rpcca",
            factory="gpnet_metrics.rpcca:RPCCA",
            summary="regularised pairwise constrained component analysis on a kernel",
            source="Xiong et al., ECCV 2014",
            fidelity="faithful",
        ),
        MetricEntry(
            name="xqda",
            factory="gpnet_metrics.xqda:XQDA",
            summary="cross-view quadratic discriminant analysis",
            source="Liao et al., CVPR 2015, eq. 8-9",
            fidelity="faithful",
        ),
    ]
