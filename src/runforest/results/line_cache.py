"""A cache in an append-only file that several processes may read and write.

A lost or torn line costs one computation more and nothing else, so nothing is locked.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class LineCache:
    """Values of JSON by key; of two lines with one key the later one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, object] | None = None

    def get(self, key: str) -> object | None:
        """Return the value of a key, or None."""
        return self._load().get(key)

    def put(self, key: str, value: object) -> None:
        """Remember a value; where the file cannot be written it is forgotten at the end."""
        known = self._load()
        if key in known and known[key] == value:
            return
        known[key] = value
        line = json.dumps([key, value], separators=(",", ":")) + "\n"
        with suppress(OSError):
            append_line(self._path, line.encode())

    def _load(self) -> dict[str, object]:
        if self._known is None:
            self._known = {}
            with suppress(OSError), self._path.open("rb") as lines:
                for line in lines:
                    with suppress(ValueError):  # torn, when a process was killed while it wrote
                        key, value = json.loads(line)
                        self._known[key] = value
        return self._known


def append_line(file: Path, line: bytes) -> None:
    """Add a line to a file, which is created with its folder where it is missing.

    A single `write` to a file opened with O_APPEND is not interleaved with those of other processes
    on a local file system (POSIX.1, write). Raises OSError if the disk takes it in part or not.
    """
    try:
        end = os.open(file, _APPENDING, 0o666)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        end = os.open(file, _APPENDING, 0o666)
    try:
        n_written = os.write(end, line)
    finally:
        os.close(end)
    if n_written < len(line):  # no second attempt: others may have written in between
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))


@cache
def open_cache(path: Path) -> LineCache:
    """Return the cache of a file, one per process, which reads the file once."""
    return LineCache(path)
