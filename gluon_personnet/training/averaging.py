"""The moving average of the weights."""

from gluon_personnet.network.backend import mx

EVERY, FIRST = 8, 200
"""After the first steps the average moves only every so many, that much further: a pass over all weights saved."""


class Average:
    """Follows parameters in training: ``average = keep average + (1 - keep) parameter`` in every step.

    After step :data:`FIRST` it takes :data:`EVERY` steps at once, with the parameters after the last of them for all.

    Parameters
    ----------
    parameters : dict of str to Parameter
    keep : float in [0, 1)
        0 for no average: then its values are the parameters'.
    """

    def __init__(self, parameters, keep):
        self._parameters, self._keep = parameters, keep
        self.kept = {}
        """Name -> NDArray, what belongs into a checkpoint; empty without an average."""
        self.restart()

    @property
    def values(self):
        """Name -> NDArray of every parameter: the weights to validate and to keep."""
        return self.kept or {name: parameter.data() for name, parameter in self._parameters.items()}

    def restart(self):
        """Begin at the parameters as they are."""
        if self._keep:
            self.kept = {name: parameter.data().copy() for name, parameter in self._parameters.items()}

    def follow(self, step):
        """Move towards the parameters after the step of that number, from 0; faster soon after the start."""
        together = EVERY if step > FIRST else 1
        if step % together:
            return
        keep = min(self._keep, step / (step + 10)) ** together
        for name, array in self.kept.items():
            # array += (1 - keep) (parameter - array) as one pass of MXNet's kernel for w -= lr (rescale g + wd w)
            mx.nd.sgd_update(array, self._parameters[name].data(), lr=1 - keep, wd=1.0, rescale_grad=-1.0, out=array)
