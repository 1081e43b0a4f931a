"""kMFA: marginal Fisher analysis in the space of a kernel."""

from gpnet_metrics.checks import at_least
from gpnet_metrics.graphs import discriminant, marginal_graphs, squared_distances
from gpnet_metrics.kernel import KernelMetric


class KMFA(KernelMetric):
    """:class:`~gpnet_metrics.mfa.MFA` on kernel columns.

    Parameters
    ----------
    kernel : {'linear', 'chi2', 'chi2-rbf', 'exp', 'rbf'}
        The chi2 ones are for histograms.
    dims : int
        Directions kept.
    neighbours : int
        Nearest different rows for each row; 0 takes all.
    regulariser : float
        Share of the within-class scatter that is replaced by its mean eigenvalue on the diagonal.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014;
    defaults as in its code.
    Differs from the source in: the bandwidth of 'chi2-rbf', see :class:`~gpnet_metrics.kernels.Chi2RBF`.
    Checked against: MFA.m of the benchmark of Gou et al., TPAMI 2019, run by GNU Octave with 'chi2-rbf', largest
    difference 1e-6 of the largest distance: kernels take float32 rows.
    """

    name = "kmfa"

    def __init__(self, kernel="chi2-rbf", dims=30, neighbours=12, regulariser=0.01):
        super().__init__(kernel)
        self._neighbours = at_least(self.name, "neighbours", neighbours, 0)
        self._dims_kept, self._regulariser = dims, regulariser

    def _fit_projection(self, kernel, pids, camids):
        graphs = marginal_graphs(squared_distances(kernel), pids, self._neighbours)
        return discriminant(kernel, *graphs, self._dims_kept, self._regulariser)
