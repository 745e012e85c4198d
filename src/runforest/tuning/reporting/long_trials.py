"""Trials that last: reported while they run, and left to finish after an interrupt."""

from __future__ import annotations

import logging
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from runforest.tuning.driver.running_trial import RunningTrial

logger = logging.getLogger(__name__)

LONG_S = 5.0
"""Seconds after which a running trial is reported."""

POLL_S = 0.5


class LongTrialReporter:
    """A thread that reports the trials which run for long, each once.

    What `on_long` raises sets `stop`, and is raised when the context is left.
    """

    def __init__(self, on_long: Callable[[RunningTrial], None], stop: threading.Event) -> None:
        self._on_long, self._stop = on_long, stop
        self._running: dict[str, RunningTrial] = {}
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="long trials", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread; raise what `on_long` raised."""
        self._ended.set()
        self._thread.join()
        if self._error:
            raise self._error

    def add(self, running: RunningTrial) -> None:
        """Watch a trial."""
        with self._lock:
            self._running[running.uid] = running

    def remove(self, running: RunningTrial) -> None:
        """Watch a trial no more."""
        with self._lock:
            del self._running[running.uid]

    def params(self) -> list[dict[str, object]]:
        """Return the parameters of the running trials."""
        with self._lock:
            return [running.params for running in self._running.values()]

    def _watch(self) -> None:
        has_announced = False
        while not self._ended.wait(POLL_S):
            try:
                self._report()
            except Exception as error:  # noqa: BLE001  It belongs to the thread of the study.
                self._error = error
                self._stop.set()
                return
            if self._stop.is_set() and not has_announced:
                has_announced = True
                logger.warning("Finishing the running trials. Ctrl-C again stops at once.")

    def _report(self) -> None:
        with self._lock:
            for uid, running in self._running.items():
                is_long = time.perf_counter() - running.clock_s > LONG_S
                if is_long and uid not in self._reported:
                    self._reported.add(uid)
                    self._on_long(running)


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; the second acts as if this were not here.

    In a thread other than the main one nothing changes, since signals don't arrive there.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)
