"""LFDA: local Fisher discriminant analysis."""

from gpnet_metrics.checks import at_least
from gpnet_metrics.graphs import discriminant, local_fisher_graphs, squared_distances
from gpnet_metrics.mahalanobis import Form, Mahalanobis


class LFDA(Mahalanobis):
    """Fisher's discriminant in which near rows of one person weigh more than far ones.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    dims : int
        Directions kept.
    neighbours : int
        The neighbour whose distance is a row's local scale.
    regulariser : float
        Share of the within-class scatter that is replaced by its mean eigenvalue on the diagonal.

    Source: Sugiyama, JMLR 2007; for re-identification Pedagadi, Orwell, Velastin, Boghossian, Local Fisher Discriminant
    Analysis for Pedestrian Re-identification, CVPR 2013; defaults as in the benchmark of Gou et al., TPAMI 2019.
    """

    name = "lfda"

    def __init__(self, n_components=100.0, dims=40, neighbours=7, regulariser=0.1):
        super().__init__(n_components)
        self._neighbours = at_least(self.name, "neighbours", neighbours, 1)
        self._dims_kept, self._regulariser = dims, regulariser

    def _fit_form(self, rows, pids, camids):
        graphs = local_fisher_graphs(squared_distances(rows @ rows.T), pids, self._neighbours)
        return Form(discriminant(rows, *graphs, self._dims_kept, self._regulariser))
