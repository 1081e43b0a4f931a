"""Evaluation protocols: from a distance matrix to a CMC curve and other measures."""

from gluon_personnet import ProtocolEntry, hookimpl

_MARKET = "Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015"
_ENTRIES = [
    ProtocolEntry(
        name="single-shot",
        factory="gpnet_protocols.single_shot:SingleShot",
        summary="one random gallery image per identity from the other view; CMC over 10 trials",
        source="Gray et al., Evaluating Appearance Models for Recognition, Reacquisition, and Tracking, PETS 2007",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="single-shot-exact",
        factory="gpnet_protocols.single_shot_exact:SingleShotExact",
        summary="the mean of single-shot over all galleries in closed form, without noise",
        source="Poisson-binomial distribution of the identities ahead of the true match",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="multi-shot",
        factory="gpnet_protocols.multi_shot:MultiShot",
        summary="all gallery images of an identity from the other view; their minimum or mean distance; CMC",
        source="Farenzena et al., Person Re-Identification by Symmetry-Driven Accumulation of Local Features, "
        "CVPR 2010 (multiple-shot)",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="multi-shot-sets",
        factory="gpnet_protocols.multi_shot_sets:MultiShotSets",
        summary="multi-shot with all query images of a person in a view as one query; mean or minimum distance; CMC",
        source="Farenzena et al., CVPR 2010; as Liao et al., CVPR 2015, on CUHK01",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="market1501",
        factory="gpnet_protocols.market1501:Market1501",
        summary="single query against the whole gallery; CMC, mAP in both variants, mINP",
        source=_MARKET,
        fidelity="exact",
    ),
    ProtocolEntry(
        name="market1501-multi-query",
        factory="gpnet_protocols.market1501_multi_query:Market1501MultiQuery",
        summary="market1501 with all images of one person in one camera as one query",
        source=_MARKET,
        fidelity="exact",
    ),
    ProtocolEntry(
        name="cuhk03-np",
        factory="gpnet_protocols.cuhk03_np:CUHK03NP",
        summary="the rule of market1501 on the official lists of CUHK03 767/700",
        source="Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="verification",
        factory="gpnet_protocols.verification:Verification",
        summary="ROC over pairs: AUC, EER, TPR at FPR, threshold, calibrated P(same)",
        source="Fawcett, An introduction to ROC analysis, 2006; Platt, Probabilistic Outputs for SVMs, 1999",
        fidelity="exact",
    ),
    ProtocolEntry(
        name="open-set",
        factory="gpnet_protocols.open_set:OpenSet",
        summary="half of the identities missing from the gallery; detection and identification at false alarms",
        source="Grother and Phillips, Models of Large Population Recognition Performance, CVPR 2004",
        fidelity="faithful",
    ),
    ProtocolEntry(
        name="open-reid-cuhk03",
        factory="gpnet_protocols.open_reid_cuhk03:OpenReidCUHK03",
        summary="as open-reid measures CUHK03: galleries drawn for each query, none of the query's camera",
        source="Cysu/open-reid, single gallery shot with separate cameras",
        fidelity="faithful",
    ),
    ProtocolEntry(
        name="torchreid-cuhk03",
        factory="gpnet_protocols.torchreid_cuhk03:TorchreidCUHK03",
        summary="as torchreid measures CUHK03: galleries drawn for each query, other people of its camera stay",
        source="KaiyangZhou/deep-person-reid, single gallery shot",
        fidelity="faithful",
    ),
]


@hookimpl
def gpnet_protocols():
    return _ENTRIES
