"""Ending a training in good order."""

import contextlib
import signal


@contextlib.contextmanager
def catching_signals(request_stop):
    """Call `request_stop` at the first Ctrl-C or SIGTERM; a second one ends the process at once."""

    def first(number, frame):
        request_stop()
        signal.signal(number, before[number])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
