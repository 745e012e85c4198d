"""The journal of a run: what its tasks have to say, from whichever process they say it.

Every process appends lines of JSON to one file in the run's folder; the recorder in the main
process follows it and tells the tracking store. A task therefore needs no connection, no
thread and no MLflow of its own, and nothing it said is lost when a process is killed.
"""

from __future__ import annotations

import errno
import json
import os
import time
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from runforest.redact import known_secrets, redact_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Entry = dict[str, object]

_MACHINE_FIELDS = frozenset(
    {"event", "task", "key", "study", "uid", "state", "fingerprint", "reused_from"}
)
"""What programs read and no person wrote: a secret that occurs in it does so by chance."""


class Journal:
    """The writing end: appends one entry per call, atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: str, content: Mapping[str, object]) -> None:
        """Add one entry; several processes may do so at once.

        A single `write` to a file opened with O_APPEND is not interleaved with others on a
        local file system (POSIX.1, write).

        Raises
        ------
        OSError
            The disk is full.
        """
        entry = {"event": event, "timestamp_ms": time.time_ns() // 1_000_000, **content}
        secrets = known_secrets()
        masked = {
            key: value if key in _MACHINE_FIELDS else redact_all(value, secrets)
            for key, value in entry.items()
        }
        line = (json.dumps(masked, separators=(",", ":")) + "\n").encode()
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
        Lines that are no entries, as a full disk or a power failure leaves them.
    is_behind
        Whether the last piece was as long as it might be, so that more is likely to wait.
    """

    def __init__(self, path: Path) -> None:
        self.damaged: list[bytes] = []
        self.is_behind = False
        self._path = path
        self._offset = 0

    def next_piece(self, limit: int) -> list[Entry] | None:
        """Return at most so many of the entries not returned before; None when there are none.

        A line without its end is still being written, and left for the next time.
        """
        lines = self._next_lines(limit)
        self.is_behind = len(lines) == limit
        self._offset += sum(map(len, lines))
        return [entry for line in lines if (entry := self._entry(line))] if lines else None

    def torn_end(self) -> bytes:
        """Return what stands after the last whole line: nothing, once all writers are gone."""
        try:
            with self._path.open("rb") as source:
                source.seek(self._offset)
                return source.read().rpartition(b"\n")[2]
        except FileNotFoundError:
            return b""

    def _next_lines(self, limit: int) -> list[bytes]:
        try:
            if self._path.stat().st_size <= self._offset:
                return []
            with self._path.open("rb") as source:
                source.seek(self._offset)
                # Its end may be read as the next line, written a moment later: nothing follows it.
                return list(takewhile(_is_whole, islice(source, limit)))
        except FileNotFoundError:
            return []

    def _entry(self, line: bytes) -> Entry | None:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and "event" in entry:
            return entry
        self.damaged.append(line)
        return None


def _is_whole(line: bytes) -> bool:
    return line.endswith(b"\n")
