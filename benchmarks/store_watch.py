"""Watching a tracking store from outside: when it said of each trial that it ended.

A recorder that works in the background cannot be timed from within, so the SQLite file behind the
store is looked at a few times a second, in the same way for everybody.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from bisect import bisect_left
from contextlib import closing
from typing import TYPE_CHECKING, Self

from benchmarks.measure import BenchmarkError
from benchmarks.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PAUSE_S = 0.05
SHARE = 50  # A look may take one part in so many of the time.
_TRIALS = """
    FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = ? AND run_uuid NOT IN
    (SELECT value FROM tags WHERE key = 'mlflow.parentRunId')
"""
_COUNT = f"SELECT count(*) {_TRIALS} AND status <> 'RUNNING'"
_FIRST = f"SELECT min(start_time), min(end_time) {_TRIALS}"


class StoreWatch:
    """Counts the ended trials of one experiment while a block runs."""

    def __init__(self, database: Path, experiment: str) -> None:
        self._uri = f"file:{database}?mode=rw"
        self._experiment = experiment
        self._seen: list[tuple[float, int]] = []
        self._error: sqlite3.OperationalError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look a last time."""
        self._stop.set()
        self._thread.join()

    def timeline(self, n_trials: int) -> Timeline:
        """Return when each trial ended.

        Raises
        ------
        BenchmarkError
            The store has fewer ended trials.
        """
        if not self._seen:
            message = f"the store could not be looked at: {self._error}"
            raise BenchmarkError(message)
        times, counts = zip(*self._seen, strict=True)
        if counts[-1] != n_trials:
            message = f"the store has {counts[-1]} ended trials instead of {n_trials}."
            raise BenchmarkError(message)
        with closing(sqlite3.connect(self._uri, uri=True)) as base:
            started_ms, landed_ms = base.execute(_FIRST, (self._experiment,)).fetchone()
        ended = tuple(times[bisect_left(counts, number)] for number in range(1, n_trials + 1))
        return Timeline(started=started_ms / 1000, landed=landed_ms / 1000, ended=ended)

    def _follow(self) -> None:
        pause_s = PAUSE_S
        while not self._stop.wait(pause_s):
            pause_s = max(PAUSE_S, SHARE * self._look())
        self._look()

    def _look(self) -> float:
        """Count, and return how long that took."""
        clock = time.perf_counter()
        try:
            with closing(sqlite3.connect(self._uri, uri=True, timeout=5)) as base:
                count = base.execute(_COUNT, (self._experiment,)).fetchone()[0]
        except sqlite3.OperationalError as error:  # Locked for a moment.
            self._error = error
            return 0.0
        self._seen.append((time.time(), count))
        return time.perf_counter() - clock
