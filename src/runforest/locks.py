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
"""How long a process waits before it logs that."""


@contextmanager
def held(path: Path, reason: str) -> Iterator[None]:
    """Hold the lock of a file while the block runs.

    Parameters
    ----------
    reason
        Logged once when another process keeps the lock for longer than `PATIENCE_S`.
    """
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
