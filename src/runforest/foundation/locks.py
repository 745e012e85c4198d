"""File locks that log when they block."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

LOCK_SUFFIX = ".lock"
"""Of the file beside what it locks."""

PATIENCE_S = 3.0


@contextmanager
def held(path: Path, reason: str) -> Iterator[None]:
    """Hold the lock of a file while the block runs; log the reason if that is not given soon."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=PATIENCE_S)
    except Timeout:
        logger.info(reason)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
