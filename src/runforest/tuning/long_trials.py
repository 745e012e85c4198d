"""Trials that last: told while they run, and let finish when a person asks for the end."""

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

    from runforest.tuning.driver.running_trial import Flight

logger = logging.getLogger(__name__)

LONG_S = 5.0
"""Seconds after which a trial is told to be running."""

POLL_S = 0.5


class Airborne:
    """The trials in flight, watched by a thread that tells of the long ones, each once.

    What telling raises sets `stop`, and is raised when the context is left.
    """

    def __init__(self, on_long: Callable[[Flight], None], stop: threading.Event) -> None:
        self._on_long, self._stop = on_long, stop
        self._flights: dict[str, Flight] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="long trials", daemon=True)

    def __enter__(self) -> Self:
        """Start to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching; raise what telling of a trial raised."""
        self._ended.set()
        self._thread.join()
        if self._error:
            raise self._error

    def add(self, flight: Flight) -> None:
        """Watch a trial."""
        with self._lock:
            self._flights[flight.uid] = flight

    def remove(self, flight: Flight) -> None:
        """Let go of a trial; nothing is told of it afterwards."""
        with self._lock:
            del self._flights[flight.uid]
            self._told.discard(flight.uid)

    def params(self) -> list[dict[str, object]]:
        """Return the parameters of the trials in flight."""
        with self._lock:
            return [flight.params for flight in self._flights.values()]

    def _watch(self) -> None:
        has_announced = False
        while not self._ended.wait(POLL_S):
            try:
                self._tell_long_ones()
            except Exception as error:  # noqa: BLE001  It belongs to the thread of the study.
                self._error = error
                self._stop.set()
                return
            if self._stop.is_set() and not has_announced:
                has_announced = True
                logger.warning("Finishing the running trials. Ctrl-C again stops at once.")

    def _tell_long_ones(self) -> None:
        with self._lock:
            for uid, flight in self._flights.items():
                is_long = time.perf_counter() - flight.clock_s > LONG_S
                if is_long and uid not in self._told:
                    self._told.add(uid)
                    self._on_long(flight)


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

    def _note(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, _note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)
