"""MFA: marginal Fisher analysis."""

from gpnet_metrics.checks import at_least
from gpnet_metrics.graphs import discriminant, marginal_graphs, squared_distances
from gpnet_metrics.mahalanobis import Form, Mahalanobis


class MFA(Mahalanobis):
    """Rows of one person together, and apart from their nearest rows of other people.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    dims : int
        Directions kept.
    neighbours : int
        Nearest different rows for each row; 0 takes all.
    regulariser : float
        Share of the within-class scatter that is replaced by its mean eigenvalue on the diagonal.

    Source: Yan, Xu, Zhang, Zhang, Yang, Lin, Graph Embedding and Extensions, TPAMI 2007; for re-identification Xiong,
    Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014.
    Differs from the source in: the nearest different rows of every row are joined, as ECCV 2014 does on a kernel; TPAMI
    2007 joins the nearest pairs of every person. Directions T have T^T S T = I for the within-class scatter S; the code
    of Cai that the benchmark of Gou et al. runs scales them to length 1.
    Checked against: MFA_CDeng.m of Cai, run by GNU Octave with all different rows joined, its regulariser converted and
    directions of length 1, largest difference 1e-9 of the largest distance.
    """

    name = "mfa"

    def __init__(self, n_components=100.0, dims=30, neighbours=12, regulariser=0.01):
        super().__init__(n_components)
        self._neighbours = at_least(self.name, "neighbours", neighbours, 0)
        self._dims_kept, self._regulariser = dims, regulariser

    def _fit_form(self, rows, pids, camids):
        graphs = marginal_graphs(squared_distances(rows @ rows.T), pids, self._neighbours)
        return Form(discriminant(rows, *graphs, self._dims_kept, self._regulariser))
