"""Where units of work run: a table from a name to a `concurrent.futures.Executor`.

A new executor is one function that returns a `concurrent.futures.Executor`. One whose workers see
other files than this process also has `share`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar, runtime_checkable

from runforest.executors.dask.connection import address_problem
from runforest.executors.processes import SINGLE_THREAD, ProcessExecutor

__all__ = [
    "EXECUTORS",
    "SINGLE_THREAD",
    "Location",
    "ProcessExecutor",
    "SerialExecutor",
    "executor_problems",
    "open_executor",
    "share_file",
]

P = ParamSpec("P")
T = TypeVar("T")


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


def _open_cluster(n_jobs: int, address: str) -> Executor:
    from runforest.executors.dask.cluster import open_cluster

    return open_cluster(n_jobs, address)


EXECUTORS: dict[str, Callable[[int, str], Executor]] = {
    "serial": lambda _n_jobs, _address: SerialExecutor(),
    "processes": lambda n_jobs, _address: ProcessExecutor(n_jobs),
    "dask": _open_cluster,
}
"""Name -> function of the number of workers and the address."""


def open_executor(name: str, n_jobs: int, *, address: str = "") -> Executor:
    """Return a new executor of `EXECUTORS` with `n_jobs` workers; the caller shuts it down.

    Without the address of a scheduler, the executor `dask` starts a cluster on this machine.
    Raises BrokenExecutor for a cluster that cannot be used.
    """
    return EXECUTORS[name](n_jobs, address)


def executor_problems(name: str, n_jobs: int, address: str = "") -> dict[str, str]:
    """Return what is wrong with a choice of `EXECUTORS`, by `executor`, `n_jobs` or `address`.

    An address is tried: nobody listening there is a problem too, found within five seconds.
    """
    if name == "dask" and find_spec("distributed") is None:
        message = "the dask executor needs a package. Install it: pip install runforest[dask]"
        return {"executor": message}
    if address and name != "dask":
        message = f'only the dask executor has an address, and executor is "{name}". '
        return {"address": message + 'Set executor = "dask", or leave the address out.'}
    if name == "serial" and n_jobs > 1:
        message = f"the serial executor runs one trial at a time, got {n_jobs}. "
        return {"n_jobs": message + 'Set executor = "processes", or n_jobs = 1.'}
    wrong = address_problem(address) if address else ""
    return {"address": wrong} if wrong else {}


Location = Callable[[], Path]
"""Where a shared file is on the worker that calls it: a small value, sent along with each call."""


@runtime_checkable
class Sharing(Protocol):
    """An executor whose workers do not see this machine's files."""

    def share(self, file: Path) -> Location:
        """Bring the file to every worker, once, those that come later included."""


def share_file(executor: Executor, file: Path) -> Location:
    """Return where workers find the file until the executor is shut down.

    Raises BrokenExecutor when a worker cannot take it.
    """
    return executor.share(file) if isinstance(executor, Sharing) else partial(Path, file)
