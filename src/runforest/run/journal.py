"""The journal of a run: the events of its tasks, from whichever process.

Every process appends lines of JSON to one file in the run's folder; the recorder in the main
process follows it and writes to the tracking store. A task therefore needs no connection, no
thread and no MLflow of its own, and no event is lost when a process is killed.
"""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from runforest.results.line_cache import append_line
from runforest.run.events import from_json, to_json

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.run.events import Event


class Journal:
    """The writing end: appends one event per call, atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: Event) -> None:
        """Add one event; several processes may do so at once. Raises OSError on a full disk."""
        append_line(self._path, to_json(event))


class JournalReader:
    """The reading end: in pieces, so that a long journal is never in memory as a whole.

    `damaged` are lines that are no events, as a full disk or a power failure leaves them; `offset`
    counts the bytes that were read so far. `is_behind` says that the last piece was as long as it
    might be, so that more is likely to wait.
    """

    def __init__(self, path: Path) -> None:
        self.damaged: list[bytes] = []
        self.is_behind = False
        self.offset = 0
        self._path = path

    def next_piece(self, limit: int) -> list[Event] | None:
        """Return at most so many of the events not returned before; None when there are none.

        A line without its end is still being written, and left for the next time.
        """
        lines: list[bytes] = []
        if self.has_more():
            with self._path.open("rb") as source:
                source.seek(self.offset)
                # Its end may be read as the next line, written a moment later: nothing follows it.
                lines = list(takewhile(lambda line: line.endswith(b"\n"), islice(source, limit)))
        self.is_behind = len(lines) == limit
        self.offset += sum(map(len, lines))
        events = []
        for line in lines:
            try:
                events.append(from_json(line))
            except ValueError:
                self.damaged.append(line)
        return events if lines else None

    def has_more(self) -> bool:
        """Return whether the file has grown beyond what was returned."""
        return self._path.exists() and self._path.stat().st_size > self.offset

    def torn_end(self) -> bytes:
        """Return what stands after the last whole line: nothing, once all writers are gone."""
        if not self.has_more():
            return b""
        with self._path.open("rb") as source:
            source.seek(self.offset)
            return source.read().rpartition(b"\n")[2]
