"""Measurements, each against a naive form or a limit in the same run. ``ranking`` does without MXNet."""

import statistics
import time


def medians_in_turn(functions, repeats):
    """Median wall time of each function, until all device work that it has queued is done.

    Parameters
    ----------
    functions : dict of str to callable without arguments
        Called before, so that nothing has still to be compiled.
    repeats : int
        Rounds in which each is called once, so that what else the machine does meets all alike.

    Returns
    -------
    dict of str to float
        Seconds.
    """
    from gluon_personnet.network.backend import mx

    def once(function):
        start = time.perf_counter()
        function()
        mx.nd.waitall()
        return time.perf_counter() - start

    mx.nd.waitall()
    rounds = [{name: once(function) for name, function in functions.items()} for _ in range(repeats)]
    return {name: statistics.median(times[name] for times in rounds) for name in functions}
