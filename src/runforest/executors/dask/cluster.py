"""Workers of a Dask cluster, on this machine or on others.

The driver talks to the scheduler alone, and the scheduler to the workers. Code and files are
plug-ins of Dask's, which also reach workers that come later.
"""

from __future__ import annotations

import asyncio
import pickle
import uuid
from concurrent.futures import CancelledError, Future, wait
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from distributed import KilledWorker

from runforest.executors.dask import shipping
from runforest.executors.dask.code_archive import code_archive
from runforest.executors.dask.connection import ClusterError
from runforest.executors.dask.local_cluster import LocalCluster
from runforest.executors.dask.session import Session
from runforest.executors.dask.watchdog import WORKERLESS_S
from runforest.executors.packing import UnpicklableError, pack
from runforest.executors.remote import RemoteExecutor
from runforest.executors.sharing import WorkerFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from distributed import Future as Remote

P = ParamSpec("P")
T = TypeVar("T")

MAX_FILE_BYTES = 2_000_000_000


class LostWorkersError(RuntimeError):
    """A call killed worker after worker."""


def open_cluster(n_jobs: int, address: str) -> ClusterExecutor:
    """Return an executor on a running cluster, or on a new one of this machine.

    Raises
    ------
    ClusterError
        The cluster cannot be used.
    """
    if address:
        return ClusterExecutor(address)
    local = LocalCluster(n_jobs)
    try:
        return ClusterExecutor(local.address, on_close=local.stop)
    except BaseException:  # an interrupt too must not leave its processes behind
        local.stop()
        raise


class ClusterExecutor(RemoteExecutor):
    """Calls that run on the workers of a Dask scheduler, with the project's code.

    Parameters
    ----------
    address
        Of the scheduler.
    on_close
        Called when the executor has been shut down.
    workerless_s
        Seconds without a working worker after which the cluster counts as broken.
    """

    def __init__(
        self,
        address: str,
        *,
        on_close: Callable[[], None] | None = None,
        workerless_s: float = WORKERLESS_S,
    ) -> None:
        self._on_close = on_close
        self._is_closed = False
        self._n_files = 0
        self._calls: dict[Future[object], Future[None]] = {}
        self._session = Session(address, self._fail_all, workerless_s)
        self._code = f"{self._session.name}-code"
        try:
            self._session.install(
                shipping.ShippedCode(self._code, code_archive(), self._session.versions)
            )
        except BaseException:  # an interrupt too must not leave the connection open
            self._session.close()
            raise

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send the call to the scheduler, which finds a worker for it."""
        self._require_open()
        local: Future[object] = Future()
        try:
            packed = pack(fn, args, kwargs)
        except UnpicklableError as error:
            local.set_exception(error)
            return cast("Future[T]", local)
        remote = self._session.client.submit(
            shipping.ByValue(shipping.run_call),
            self._code,
            packed,
            key=f"{self._session.name}-{uuid.uuid4().hex}",
            pure=False,
        )
        self._calls[local] = self._session.start(self._carry(remote, local))
        local.add_done_callback(self._forget)
        if self._session.broken:  # Perhaps since after those in `_calls` were failed.
            self._session.call(self._fail_all, self._session.broken)
        return cast("Future[T]", local)

    def share(self, file: Path) -> WorkerFile:
        """Bring the file to every worker, those that come later included."""
        self._require_open()
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            message = (
                f"{file.name} has {size / 1e9:.1f} GB, and Dask sends at most 2 GB in one piece. "
                'Use a smaller table, or executor = "processes".'
            )
            raise ClusterError(message)
        self._n_files += 1
        name = f"{self._session.name}-file-{self._n_files}{file.suffix}"
        self._session.install(shipping.ShippedFile(name, file.read_bytes()))
        return WorkerFile(name)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  The standard's signature.
        """Leave the cluster as it was found; one of this machine is ended.

        Running calls are waited for, unless `cancel_futures` is given or `wait` is not: then their
        results are dropped. A worker of somebody else's cluster still runs them to their end.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if cancel_futures or not wait:
            for local in list(self._calls):
                local.cancel()
        _wait_for(self._calls)
        self._session.close()
        if self._on_close:
            self._on_close()

    def _require_open(self) -> None:
        if self._session.broken:
            raise ClusterError(self._session.broken)
        if self._is_closed:
            message = "cannot schedule new futures after shutdown"
            raise RuntimeError(message)

    async def _carry(self, remote: Remote[object], local: Future[object]) -> None:
        """Bring what becomes of a call to the future that was given out."""
        try:
            problem, packed = cast("tuple[str, bytes]", await remote)
            result = None if problem else pickle.loads(packed)  # noqa: S301  Our worker's.
        except asyncio.CancelledError:
            await remote.cancel()
            _finish(local)
        except CancelledError as error:
            self._session.lose(_lost_work(self._session.address, error))
        except KilledWorker as error:
            _finish(local, _lost_workers(error))
        except Exception as error:  # noqa: BLE001  An executor hands any error to its future.
            _finish(local, error)
        else:
            if problem:
                self._session.lose(problem)
            else:
                _finish(local, result=result)

    def _forget(self, local: Future[object]) -> None:
        carrier = self._calls.pop(local, None)
        if carrier and local.cancelled():
            carrier.cancel()

    def _fail_all(self, reason: str) -> None:
        for local in list(self._calls):
            _finish(local, ClusterError(reason))


def _finish(
    local: Future[object], error: Exception | None = None, *, result: object = None
) -> None:
    """Give a future its end, unless it has one; called in the thread of the client alone."""
    if local.done() and not local.cancelled():
        return
    if not local.set_running_or_notify_cancel():
        return
    if error:
        local.set_exception(error)
    else:
        local.set_result(result)


def _wait_for(calls: dict[Future[object], Future[None]]) -> None:
    wait(list(calls))


def _lost_work(address: str, error: CancelledError) -> str:
    reason = getattr(error, "reason", "unknown")
    what = (
        f"the connection to the scheduler at {address} was lost"
        if reason == "scheduler-connection-lost"
        else f"the scheduler at {address} dropped the work ({reason})"
    )
    return f"{what}. See whether it still runs, start it and its workers again, then run again."


def _lost_workers(error: KilledWorker) -> LostWorkersError:
    # Without the last one's address: equal reasons of trials are counted.
    message = (
        f"{error.allowed_failures + 1} workers died one after another while they computed it, most "
        "likely for want of memory. Use a smaller model or workers with more memory."
    )
    return LostWorkersError(message)
