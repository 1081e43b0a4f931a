"""Which weights of a run are kept: those that validate best over all of it."""

from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.network.weights import plain
from gluon_personnet.scoring.embedding import make_scorer

NOTHING_YET = {"score": -1.0, "rank1": 0.0, "step": 0}
"""The best validation before there is one."""


def score_of(cmc):
    """What weights are compared by: the mean of the rates, steadier than the rank-1 of few identities."""
    return sum(cmc.values()) / len(cmc)


class Selection:
    """Validates a network's weights and keeps the best that it has seen, whatever stage of training they are of.

    Parameters
    ----------
    validation : Validation
    network : Network
    parameters : dict of str to Parameter
        Those of `network`.
    run : Run
    ctx : mxnet.Context

    Attributes
    ----------
    best : dict
        ``score``, ``rank1`` and ``step`` of the best weights; belongs into a checkpoint.
    """

    def __init__(self, validation, network, parameters, run, ctx):
        self._validation, self._network, self._parameters = validation, network, parameters
        self._run, self._ctx = run, ctx
        self.best = dict(NOTHING_YET)

    def consider(self, step, make_record):
        """Validate the network as it is; write it, with what `make_record` returns, if it is the best so far.

        Returns
        -------
        dict
            Rank, as text -> fraction.
        """
        cmc = self._validation.cmc(make_scorer(plain(self._network), self._ctx))
        if score_of(cmc) > self.best["score"]:
            self.best = {"score": score_of(cmc), "rank1": cmc["1"], "step": step}
            arrays = {f"parameter/{name}": parameter.data().asnumpy() for name, parameter in self._parameters.items()}
            Checkpoint(make_record(), arrays).save(self._run.best)
        return cmc
