"""A journal read in pieces, so that a long one is never in memory as a whole."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.journal import Entry


class JournalPieces:
    """The reading end of a journal, of a run that goes on or of one whose process died.

    Attributes
    ----------
    damaged
        Lines that are no entries, as a full disk or a power failure leaves them.
    """

    def __init__(self, path: Path) -> None:
        self.damaged: list[bytes] = []
        self._path = path
        self._offset = 0

    def next_piece(self, limit: int) -> list[Entry] | None:
        """Return at most so many of the entries not returned before; None when there are none.

        A last line without its end is still being written, and left for the next time.
        """
        lines = self._next_lines(limit)
        self._offset += sum(map(len, lines))
        return [entry for line in lines if (entry := self._entry(line))] if lines else None

    def _next_lines(self, limit: int) -> list[bytes]:
        try:
            if self._path.stat().st_size <= self._offset:
                return []
            with self._path.open("rb") as source:
                source.seek(self._offset)
                lines = list(islice(source, limit))
        except FileNotFoundError:
            return []
        return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]

    def _entry(self, line: bytes) -> Entry | None:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and "event" in entry:
            return entry
        self.damaged.append(line)
        return None
