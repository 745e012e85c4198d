"""Watching a tracking store from outside: when it said of each trial that it ended.

A recorder that works in the background cannot be timed from within, so the SQLite file behind the
store is looked at, in the same way for everybody, whenever it has changed: that it has is cheap to
see, and workers that are to be timed need all cores.
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

PAUSE_S = 0.02
SHARE = 50  # A look may take one part in so many of the time.
_VERSION = "PRAGMA data_version"  # Differs when another connection has changed the file.
_TRIALS = """
    FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = ? AND run_uuid NOT IN
    (SELECT value FROM tags WHERE key = 'mlflow.parentRunId')
"""
_COUNT = f"SELECT count(*) {_TRIALS} AND status <> 'RUNNING'"
_FIRST = f"SELECT min(start_time), min(end_time) {_TRIALS}"


class StoreWatch:
    """Counts the ended trials of one experiment while a block runs."""

    def __init__(self, database: Path, experiment: str) -> None:
        self._database = database
        self._uri = f"file:{database}?mode=rw"
        self._experiment = experiment
        self._seen: list[tuple[float, int]] = []
        self._version: int | None = None
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
        while not self._database.exists():
            if self._stop.wait(PAUSE_S):
                return
        with closing(sqlite3.connect(self._uri, uri=True, timeout=5)) as base:
            pause_s, is_last = PAUSE_S, False
            while not is_last:
                is_last = self._stop.wait(pause_s)
                clock = time.perf_counter()
                try:
                    self._look(base)
                except sqlite3.OperationalError as error:  # Locked for a moment, or no tables yet.
                    self._error = error
                pause_s = max(PAUSE_S, SHARE * (time.perf_counter() - clock))

    def _look(self, base: sqlite3.Connection) -> None:
        """Count, if the file has changed."""
        (version,) = base.execute(_VERSION).fetchone()
        if version != self._version:
            (count,) = base.execute(_COUNT, (self._experiment,)).fetchone()
            self._seen.append((time.time(), count))
            self._version = version
