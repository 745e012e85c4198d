"""SHA-256 of files, each read once: a cache remembers what has not changed since.

The key of the cache holds what the operating system says of a file, never the path, so a moved
project keeps it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    import os
    from pathlib import Path


class DigestCache:
    """Digests of files by device, inode, size and time of change."""

    def __init__(self, path: Path) -> None:
        self._cache = open_cache(path)  # read once, however many ask for digests

    def digest(self, file: Path) -> str:
        """Return the SHA-256 of a raw input in hexadecimal.

        It is recognised by its ctime too: it may have been replaced under its old mtime.
        """
        return self._digest(file, _key(file.stat(), is_immutable=False))

    def is_same(self, file: Path, size_bytes: int, sha256: str) -> bool:
        """Return whether a committed artifact has the size and digest that it had.

        Hard links may be added to it, which changes its ctime, but it is never written again.
        Raises OSError if there is none.
        """
        status = file.stat()
        key = _key(status, is_immutable=True)
        return status.st_size == size_bytes and self._digest(file, key) == sha256

    def remember(self, file: Path, sha256: str) -> None:
        """Take over the digest of a committed artifact, whoever computed it."""
        self._cache.put(_key(file.stat(), is_immutable=True), sha256)

    def _digest(self, file: Path, key: str) -> str:
        known = self._cache.get(key)
        if isinstance(known, str):
            return known
        sha256 = file_digest(file)
        self._cache.put(key, sha256)
        return sha256


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _key(status: os.stat_result, *, is_immutable: bool) -> str:
    changed = 0 if is_immutable else status.st_ctime_ns
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{changed}"
