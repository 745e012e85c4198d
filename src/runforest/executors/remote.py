"""What executors with workers in other processes have in common."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class RemoteExecutor(Executor):
    """An executor whose running calls can be given up."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for running calls when the block ended well, else give them up."""
        self.shutdown(cancel_futures=kind is not None)
