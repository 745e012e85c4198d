"""Where units of work run: a table from a name to a `concurrent.futures.Executor`."""

from __future__ import annotations

import signal
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")

SINGLE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""Environment of a worker: n processes of n threads each would share the cores n times over."""


def open_executor(name: str, n_jobs: int) -> Executor:
    """Return a new executor of at most `n_jobs` workers; the caller shuts it down.

    Raises
    ------
    ValueError
        There is no executor of this name, or fewer than one worker is asked for.
    """
    if name not in EXECUTORS:
        message = f"unknown executor {name!r}. Choose one of: {', '.join(EXECUTORS)}."
        raise ValueError(message)
    if n_jobs < 1:
        message = f"n_jobs must be at least 1, got {n_jobs}. Use 1 for one worker."
        raise ValueError(message)
    return EXECUTORS[name](n_jobs)


def executor_problems(name: str, n_jobs: int) -> dict[str, str]:
    """Return what is wrong with a choice of executor, by `executor` or `n_jobs`."""
    if name not in EXECUTORS:
        return {"executor": f'unknown executor "{name}". Choose one of: {", ".join(EXECUTORS)}.'}
    if name == "serial" and n_jobs > 1:
        message = f"the serial executor runs one trial at a time, got {n_jobs}. "
        return {"n_jobs": message + 'Set executor = "processes", or n_jobs = 1.'}
    return {}


class SerialExecutor(Executor):
    """Runs each call at once, in the calling thread: the reference for all others."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call and return its finished future."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  An executor hands any error to its future.
            future.set_exception(error)
        return future


class ProcessExecutor(Executor):
    """Worker processes of loky, single-threaded, behind the standard `shutdown`.

    loky starts workers afresh instead of forking them: a fork inherits the locks and connections
    of a process that has threads.
    """

    def __init__(self, n_jobs: int) -> None:
        from loky import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(
            max_workers=n_jobs, env=SINGLE_THREAD, initializer=_ignore_interrupts
        )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send the call to a free worker."""
        future: Future[T] = self._pool.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  The standard's signature.
        """Stop the workers; `cancel_futures` kills them, running calls included."""
        self._pool.shutdown(wait=wait, kill_workers=cancel_futures)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for running calls when the block ended well, else kill the workers."""
        self.shutdown(cancel_futures=kind is not None)


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the process that has the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


EXECUTORS: dict[str, Callable[[int], Executor]] = {
    "serial": lambda _n_jobs: SerialExecutor(),
    "processes": ProcessExecutor,
}
"""Name -> function of the number of workers."""
