"""A cache in an append-only file that several processes may read and write.

A lost or torn line costs one computation more and nothing else, so nothing is locked.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
            self._known = dict(_read_lines(self._path))
        return self._known


def append_line(file: Path, line: bytes) -> None:
    """Add a line to a file in one write, which is created with its folder where it is missing.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    try:
        descriptor = _open_end(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _open_end(file)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def read_end(file: Path, n_bytes: int) -> bytes:
    """Return the last bytes of a file, all of a short one.

    Python's file objects take several times as long for a line.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    descriptor = os.open(file, os.O_RDONLY)
    try:
        begin = max(0, os.fstat(descriptor).st_size - n_bytes)
        return os.pread(descriptor, n_bytes, begin)
    finally:
        os.close(descriptor)


def _open_end(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


@cache
def open_cache(path: Path) -> LineCache:
    """Return the cache of a file, one per process, which reads the file once."""
    return LineCache(path)


def _read_lines(path: Path) -> list[tuple[str, object]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            key, value = json.loads(line)
        except ValueError:  # torn, when a process was killed while it wrote
            continue
        found.append((key, value))
    return found
