"""The moving average of the weights."""

from gluon_personnet.backend import mx


def follow(average, parameters, keep):
    """Move every average towards its parameter, in place: ``average = keep average + (1 - keep) parameter``.

    Parameters
    ----------
    average : dict of str to NDArray
    parameters : dict of str to Parameter
    keep : float in [0, 1]
    """
    for name, array in average.items():
        # array += (1 - keep) (parameter - array) as one pass of MXNet's kernel for w -= lr (rescale g + wd w)
        mx.nd.sgd_update(array, parameters[name].data(), lr=1 - keep, wd=1.0, rescale_grad=-1.0, out=array)
