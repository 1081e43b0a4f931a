"""Measurements, each against a naive form or a limit in the same run. ``ranking`` does without MXNet."""

import statistics
import time


def median_seconds(function, repeats):
    """Median wall time of `function`, which must queue device work, after one untimed call."""
    from gluon_personnet.backend import mx

    function()
    mx.nd.waitall()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        mx.nd.waitall()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def arithmetic_limit(ctx, repeats, rows=1024, units=4096):
    """FLOP/s of the device's fastest routine for this kind of work: one square FullyConnected, float32."""
    from gluon_personnet.backend import mx

    data = mx.nd.random.normal(shape=(rows, units), ctx=ctx)
    weight, bias = mx.nd.random.normal(shape=(units, units), ctx=ctx), mx.nd.zeros(units, ctx=ctx)
    seconds = median_seconds(lambda: mx.nd.FullyConnected(data, weight, bias, num_hidden=units), repeats)
    return 2 * rows * units * units / seconds
