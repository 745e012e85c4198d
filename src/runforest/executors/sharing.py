"""A file of this process that workers can read, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path


class Location(Protocol):
    """Where a shared file is: a small value that is sent along with each call."""

    def path(self) -> Path:
        """Return the path on the worker that asks."""


@runtime_checkable
class Sharing(Protocol):
    """An executor whose workers do not see this machine's files."""

    def share(self, file: Path) -> Location:
        """Bring the file to every worker, once, those that come later included."""


@dataclass(frozen=True)
class LocalFile:
    """A file that all workers see under one path."""

    file: Path

    def path(self) -> Path:
        """Return that path."""
        return self.file


def share_file(executor: Executor, file: Path) -> Location:
    """Return where workers find the file until the executor is shut down.

    Raises
    ------
    concurrent.futures.BrokenExecutor
        A worker cannot take it.
    """
    return executor.share(file) if isinstance(executor, Sharing) else LocalFile(file)
