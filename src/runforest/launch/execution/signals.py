"""SIGINT and SIGTERM: both end a run as KILLED, and neither disturbs its closing."""

from __future__ import annotations

import functools
import math
import operator
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

RETRY_S = 0.05
"""After which a signal that came while this process was forking comes again."""

GRACE_S = 3.0
"""How long signals are ignored after one, which must not interrupt the clean-up that it starts.

Not for ever: Python drops what is raised in a `__del__`, and a person then tries again.
"""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_fork = {"is_on": False}


def interruptible() -> AbstractContextManager[None]:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt while the block runs."""
    _watch_forks()
    return _handling(_Interrupt())


def uninterrupted() -> AbstractContextManager[None]:
    """Ignore SIGINT and SIGTERM while the block, which must be short, runs."""
    return _handling(signal.SIG_IGN)


@contextmanager
def _handling(handler: _Interrupt | signal.Handlers) -> Iterator[None]:
    previous = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, former in previous.items():
            signal.signal(number, former)


@functools.cache
def _watch_forks() -> None:
    """Note whether this process is forking: from before the hooks of others to after them.

    Those imported before this is called, that is. A `partial` of a function in C runs to its end,
    while a signal's handler may come in between the lines of one in Python.
    """
    begin, end = (
        functools.partial(operator.setitem, _fork, "is_on", is_on) for is_on in (True, False)
    )
    os.register_at_fork(before=begin, after_in_parent=end, after_in_child=end)


class _Interrupt:
    """Raises KeyboardInterrupt for a signal, and ignores those that follow closely."""

    def __init__(self) -> None:
        self._at_s = -math.inf

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if _fork["is_on"]:  # Python drops what is raised in a hook, whose work is not done
            again = threading.Timer(RETRY_S, os.kill, (os.getpid(), number))
            again.daemon = True
            again.start()
        elif time.monotonic() - self._at_s >= GRACE_S:
            self._at_s = time.monotonic()
            raise KeyboardInterrupt
