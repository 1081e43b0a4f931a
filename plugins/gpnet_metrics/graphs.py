"""Graph embedding: directions in which rows joined by one graph part, while those joined by another stay together.

A graph is a symmetric matrix of weights float64 (N, N) with zeros on its diagonal.
"""

import numpy as np
from scipy.linalg import eigh

from gluon_personnet.core.errors import RecipeError


def local_fisher_graphs(squares, pids, neighbours):
    """Graphs (within, between) of local Fisher discriminant analysis.

    Parameters
    ----------
    squares : float64 (N, N)
        Squared distances.
    pids : int64 (N,)
    neighbours : int
        The distance to this neighbour among the rows of its person, itself not counted, is the local scale of a row.
        Of a person with fewer rows it is the distance to the farthest one.

    Source: Sugiyama, Dimensionality Reduction of Multimodal Labeled Data by Local Fisher Discriminant Analysis, JMLR
    2007, with the local scaling of its code; fewer rows as in the benchmark code of Gou et al., TPAMI 2019.
    """
    affinity = np.zeros_like(squares)
    for pid in np.unique(pids):
        rows = np.flatnonzero(pids == pid)
        block = np.ix_(rows, rows)
        affinity[block] = _affinity(squares[block], neighbours)
    return fisher_graphs(affinity, pids)


def kernel_fisher_graphs(squares, pids, neighbours):
    """:func:`local_fisher_graphs` of the kernel method: the local scale is taken among the rows of all people.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014,
    as in its code.
    """
    return fisher_graphs(_affinity(squares, neighbours), pids)


def fisher_graphs(affinity, pids):
    """Graphs (within, between) for a given affinity float64 (N, N); with ones they are those of Fisher's analysis."""
    same, count = pids[:, None] == pids, len(pids)
    class_sizes = same.sum(axis=1)[:, None]
    within = np.where(same, affinity / class_sizes, 0.0)
    between = np.where(same, affinity * (1 / count - 1 / class_sizes), 1 / count)
    np.fill_diagonal(within, 0)
    np.fill_diagonal(between, 0)
    return within, between


def _affinity(squares, neighbours):
    kth = min(neighbours, len(squares) - 1)
    scales = np.sqrt(np.partition(squares, kth, axis=1)[:, kth])  # place 0 is the row itself
    products = np.maximum(scales[:, None] * scales, np.finfo(np.float64).tiny)
    return np.exp(-np.minimum(squares / products, 700))


def marginal_graphs(squares, pids, neighbours):
    """Graphs (within, between) of marginal Fisher analysis: all same pairs, and each row's nearest different rows.

    Parameters
    ----------
    squares : float64 (N, N)
        Squared distances.
    pids : int64 (N,)
    neighbours : int
        Different rows for each row; 0 takes all.

    Source: Yan, Xu, Zhang, Zhang, Yang, Lin, Graph Embedding and Extensions, TPAMI 2007.
    """
    same = pids[:, None] == pids
    within = same.astype(np.float64)
    np.fill_diagonal(within, 0)
    if not neighbours:
        return within, (~same).astype(np.float64)
    distances = np.where(same, np.inf, squares)
    count = min(neighbours, len(pids) - 1)
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    between = np.zeros_like(within)
    np.put_along_axis(between, nearest, 1.0, axis=1)
    between[same] = 0  # where there are fewer different rows than neighbours
    return within, np.maximum(between, between.T)


def discriminant(rows, within, between, dims, regulariser):
    """The directions that part what `between` joins the most, measured by what `within` joins.

    Parameters
    ----------
    rows : float64 (N, r)
        Features, or a kernel matrix (N, N): the result then weighs kernel columns.
    within, between : float64 (N, N)
    dims : int
        How many directions at most.
    regulariser : float
        b: the within scatter S becomes (1 - b) S + b trace(S) / r I.

    Returns
    -------
    float64 (r, min(dims, r))
        T with T^T S T = I.

    Raises
    ------
    RecipeError
        If dims or the regulariser is not one.
    """
    if dims < 1 or not 0 < regulariser <= 1:
        raise RecipeError(f"dims {dims}, regulariser {regulariser}; right: at least 1, above 0 and up to 1")
    inner, outer = (_scatter(rows, graph) for graph in (within, between))
    size = len(inner)
    mean = np.trace(inner) / size or 1.0  # rows of one person that are all equal
    inner *= 1 - regulariser
    inner[np.diag_indices(size)] += regulariser * mean
    return eigh(outer, inner, subset_by_index=[max(0, size - dims), size - 1])[1][:, ::-1]


def _scatter(rows, graph):
    """Half the sum of graph_ij (x_i - x_j)(x_i - x_j)^T over all i, j."""
    scatter = rows.T @ (graph.sum(axis=1)[:, None] * rows - graph @ rows)
    return (scatter + scatter.T) / 2


def squared_distances(kernel):
    """Squared distances in the space of a kernel matrix float64 (N, N)."""
    own = np.diag(kernel)
    squares = np.maximum(own[:, None] + own - 2 * kernel, 0)
    np.fill_diagonal(squares, 0)
    return squares
