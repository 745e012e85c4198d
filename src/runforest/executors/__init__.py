"""Where units of work run: a table from a name to a `concurrent.futures.Executor`.

A new executor is one function that returns a `concurrent.futures.Executor`. One whose workers see
other files than this process also has `share` (see `sharing`).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from runforest.executors.dask.connection import address_problem
from runforest.executors.processes import SINGLE_THREAD, ProcessExecutor
from runforest.executors.serial import SerialExecutor
from runforest.executors.sharing import share_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

__all__ = [
    "EXECUTORS",
    "SINGLE_THREAD",
    "ProcessExecutor",
    "SerialExecutor",
    "executor_problems",
    "open_executor",
    "share_file",
]


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
    """Return a new executor; the caller shuts it down.

    Parameters
    ----------
    name
        One of `EXECUTORS`.
    n_jobs
        Number of workers, for those that are started here.
    address
        The scheduler of a running cluster, for the executor `dask`; when empty, a cluster is
        started on this machine.

    Raises
    ------
    ValueError
        There is no such executor, or it cannot be opened with these options.
    concurrent.futures.BrokenExecutor
        The cluster does not answer, has no workers, or other versions of packages.
    """
    for problem in _choice_problems(name, n_jobs, address).values():
        raise ValueError(problem)
    return EXECUTORS[name](n_jobs, address)


def executor_problems(name: str, n_jobs: int, address: str = "") -> dict[str, str]:
    """Return what is wrong with a choice of executor, by `executor`, `n_jobs` or `address`.

    An address is tried: nobody listening there is a problem too, found within five seconds.
    """
    problems = _choice_problems(name, n_jobs, address)
    if problems:
        return problems
    if name == "serial" and n_jobs > 1:
        message = f"the serial executor runs one trial at a time, got {n_jobs}. "
        return {"n_jobs": message + 'Set executor = "processes", or n_jobs = 1.'}
    unreachable = address_problem(address, is_tried=True) if address else None
    return {"address": unreachable} if unreachable else {}


def _choice_problems(name: str, n_jobs: int, address: str) -> dict[str, str]:
    """Return what is wrong with the values alone."""
    if name not in EXECUTORS:
        return {"executor": f'unknown executor "{name}". Choose one of: {", ".join(EXECUTORS)}.'}
    if n_jobs < 1:
        return {"n_jobs": f"n_jobs must be at least 1, got {n_jobs}. Use 1 for one worker."}
    if name == "dask" and find_spec("distributed") is None:
        message = "the dask executor needs a package. Install it: pip install runforest[dask]"
        return {"executor": message}
    if address and name != "dask":
        message = f'only the dask executor has an address, and executor is "{name}". '
        return {"address": message + 'Set executor = "dask", or leave the address out.'}
    malformed = address_problem(address) if address else None
    return {"address": malformed} if malformed else {}
