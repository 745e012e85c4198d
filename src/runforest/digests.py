"""SHA-256 of files, each read once: a cache remembers what has not changed since.

The cache is an append-only text file that several processes may write; a lost or torn line
costs one more read and nothing else. Its key holds what the operating system says of a file,
never the path, so a moved project keeps it.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class DigestCache:
    """Digests of files by device, inode, size and time of change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] | None = None

    def digest(self, file: Path, *, is_immutable: bool = False) -> str:
        """Return the SHA-256 of a file in hexadecimal.

        Parameters
        ----------
        file
            An existing regular file.
        is_immutable
            The file is a committed artifact: hard links may be added to it, which changes its
            ctime, but it is never written again. A raw input is recognised by its ctime too, so
            a file that was replaced under its old mtime is noticed.
        """
        key = _key(file, is_immutable=is_immutable)
        known = self._load()
        if key not in known:
            self.remember(file, file_digest(file), is_immutable=is_immutable)
        return known[key]

    def remember(self, file: Path, sha256: str, *, is_immutable: bool = False) -> None:
        """Record a digest that is known already."""
        key = _key(file, is_immutable=is_immutable)
        known = self._load()
        if known.get(key) == sha256:
            return
        known[key] = sha256
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="ascii") as out:
            out.write(f"{key} {sha256}\n")

    def _load(self) -> dict[str, str]:
        if self._known is None:
            self._known = _read_lines(self._path)
        return self._known


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, read once in blocks."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes in hexadecimal.

    >>> text_digest("")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _key(file: Path, *, is_immutable: bool) -> str:
    status = os.stat(file)  # noqa: PTH116 - this is the hot path of a run with nothing to do
    changed = 0 if is_immutable else status.st_ctime_ns
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{changed}"


def _read_lines(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (
        line.split(" ") for line in path.read_text(encoding="ascii", errors="replace").splitlines()
    )
    return {line[0]: line[1] for line in lines if len(line) == 2 and len(line[1]) == 64}  # noqa: PLR2004 - key and digest
