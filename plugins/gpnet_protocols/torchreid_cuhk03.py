"""CUHK03 as measured by the code base torchreid."""

from gpnet_protocols.per_query_shot import PerQueryShot


class TorchreidCUHK03(PerQueryShot):
    """Single-shot drawn for each query, without the images of the query's person in the query's camera.

    Other people's images of the query's camera stay, unlike in ``open-reid-cuhk03``.

    Source: KaiyangZhou/deep-person-reid, its single-gallery-shot evaluation.

    Checked against: torchreid's ``eval_cuhk03`` on thirty random problems, the mean of 400 of its draws against the
    expectation; largest difference of a rate 0.0073, which is the noise of its draws.
    """

    name = "torchreid-cuhk03"
    exclude = "same-person-and-camera"
