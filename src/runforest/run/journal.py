"""The journal of a run: the events of its tasks, from whichever process.

Every process appends lines of JSON to one file in the run's folder; the recorder in the main
process follows it and writes to the tracking store. A task therefore needs no connection, no
thread and no MLflow of its own, and no event is lost when a process is killed.
"""

from __future__ import annotations

import errno
import os
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from runforest.run.events import from_json, to_json

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.run.events import Event


class Journal:
    """The writing end: appends one event per call, atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: Event) -> None:
        """Add one event; several processes may do so at once.

        A single `write` to a file opened with O_APPEND is not interleaved with others on a
        local file system (POSIX.1, write).

        Raises
        ------
        OSError
            The disk is full.
        """
        line = to_json(event)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            n_written = os.write(descriptor, line)
        finally:
            os.close(descriptor)
        if n_written < len(line):  # no second attempt: others may have written in between
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))


class JournalReader:
    """The reading end: in pieces, so that a long journal is never in memory as a whole.

    Attributes
    ----------
    damaged
        Lines that are no events, as a full disk or a power failure leaves them.
    is_behind
        Whether the last piece was as long as it might be, so that more is likely to wait.
    offset
        Bytes of the file that were returned, or damaged.
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
        lines = self._next_lines(limit)
        self.is_behind = len(lines) == limit
        self.offset += sum(map(len, lines))
        return [event for line in lines if (event := self._event(line))] if lines else None

    def has_more(self) -> bool:
        """Return whether the file has grown beyond what was returned."""
        return self._path.exists() and self._path.stat().st_size > self.offset

    def torn_end(self) -> bytes:
        """Return what stands after the last whole line: nothing, once all writers are gone."""
        try:
            with self._path.open("rb") as source:
                source.seek(self.offset)
                return source.read().rpartition(b"\n")[2]
        except FileNotFoundError:
            return b""

    def _next_lines(self, limit: int) -> list[bytes]:
        if not self.has_more():
            return []
        with self._path.open("rb") as source:
            source.seek(self.offset)
            # Its end may be read as the next line, written a moment later: nothing follows it.
            return list(takewhile(lambda line: line.endswith(b"\n"), islice(source, limit)))

    def _event(self, line: bytes) -> Event | None:
        try:
            return from_json(line)
        except ValueError:
            self.damaged.append(line)
            return None
