"""The new protocol of CUHK03: 767 identities to train, 700 to test."""

from gpnet_protocols.market1501 import Market1501


class CUHK03NP(Market1501):
    """The rule of ``market1501`` on the official lists of CUHK03 767/700; the lists belong to the data set's split.

    Source: Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017.

    Checked against: what ``market1501`` was, of which this is the same rule; no difference.
    """

    name = "cuhk03-np"
