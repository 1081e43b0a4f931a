"""rPCCA: regularised pairwise constrained component analysis."""

from gpnet_metrics.checks import at_least
from gpnet_metrics.pcca import PCCA


class RPCCA(PCCA):
    """:class:`~gpnet_metrics.pcca.PCCA` whose projection is kept small.

    Parameters
    ----------
    penalty : float
        Of the squared Frobenius norm of the projection in feature space, against the sum of the pairs' losses.
    kernel, dims, npratio, max_steps, tolerance, seed
        As for PCCA.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods,
    ECCV 2014; defaults as in the benchmark code of Gou et al., TPAMI 2019.
    Differs from the source in: what PCCA differs in.
    Checked against: PCCA.m of the benchmark of Gou et al., TPAMI 2019, run by GNU Octave with a penalty: its start and
    first step, largest difference 1e-6 of the largest distance.
    """

    name = "rpcca"

    def __init__(
        self, kernel="chi2-rbf", dims=40, npratio=10, penalty=0.001, max_steps=1000, tolerance=1e-4, seed=0
    ):  # fmt: skip
        super().__init__(kernel, dims, npratio, max_steps, tolerance, seed)
        self.penalty = at_least(self.name, "penalty", penalty, 0)
