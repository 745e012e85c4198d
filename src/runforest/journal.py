"""The journal of a run: what its tasks have to say, from whichever process they say it.

Every process appends lines of JSON to one file in the run's folder; the recorder in the main
process follows it and tells the tracking store. A task therefore needs no connection, no
thread and no MLflow of its own, and nothing it said is lost when a process is killed.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from runforest.redact import known_secrets, redact_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Entry = dict[str, object]


class Journal:
    """The writing end: appends one entry per call, atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: str, content: Mapping[str, object]) -> None:
        """Add one entry; several processes may do so at once.

        A single `write` to a file opened with O_APPEND is not interleaved with others on a
        local file system (POSIX.1, write).
        """
        entry = {"event": event, "timestamp_ms": time.time_ns() // 1_000_000, **content}
        line = json.dumps(redact_all(entry, known_secrets()), separators=(",", ":")) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


class JournalReader:
    """The reading end: returns what was added since the last call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read_new(self) -> list[Entry]:
        """Return the complete entries that were not returned before."""
        try:
            with self._path.open("rb") as source:
                source.seek(self._offset)
                data = source.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._offset += end
        return [json.loads(line) for line in data[:end].splitlines()]
