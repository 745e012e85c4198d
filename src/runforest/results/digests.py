"""SHA-256 of files, each read once: a cache remembers what has not changed since.

The key of the cache holds what the operating system says of a file, never the path, so a moved
project keeps it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    from pathlib import Path


class DigestCache:
    """Digests of files by device, inode, size and time of change."""

    def __init__(self, path: Path) -> None:
        self._cache = open_cache(path)  # read once, however many ask for digests

    def digest(self, file: Path, *, is_immutable: bool = False) -> str:
        """Return the SHA-256 of a file in hexadecimal.

        It is recognised by its ctime too, since it may have been replaced under its old mtime. Hard
        links to one that `is_immutable`, of a committed result, change only its ctime.
        """
        key = _key(file, is_immutable=is_immutable)
        sha256 = self._cache.get(key)
        if not isinstance(sha256, str):
            sha256 = file_digest(file)
            self._cache.put(key, sha256)
        return sha256

    def remember(self, file: Path, sha256: str) -> None:
        """Take over the digest of a committed artifact, whoever computed it."""
        self._cache.put(_key(file, is_immutable=True), sha256)


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _key(file: Path, *, is_immutable: bool) -> str:
    status = file.stat()
    changed = 0 if is_immutable else status.st_ctime_ns
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{changed}"
