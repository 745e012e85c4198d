"""Workers of a Dask cluster, on this machine or on others; the driver talks to the scheduler alone.

Code and files are plug-ins of Dask's, which also reach workers that come later.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from distributed import KilledWorker, get_worker

import runforest
from runforest.executors.dask.connection import ClusterError, check_versions, connect
from runforest.executors.dask.local_cluster import local_cluster
from runforest.executors.dask.worker import PREFIX, Shipment, run_call, stale_plugins
from runforest.executors.remote import RemoteExecutor
from runforest.foundation.importing import is_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client
    from tornado.platform.asyncio import BaseAsyncIOLoop

MAX_FILE_BYTES = 2_000_000_000
CHECK_S = 2.0
SILENCE_S = 20.0
WORKERLESS_S = 60.0
CLOSING_S = 10.0
AGAIN = "See whether it still runs, start it and its workers again, then run again."
LOST = (  # without the last one's address: equal reasons of trials are counted
    "{} workers died one after another while they computed it, most likely for want of memory. "
    "Use a smaller model or workers with more memory."
)


class LostWorkersError(RuntimeError):
    """A call killed worker after worker."""


def open_cluster(n_jobs: int, address: str) -> ClusterExecutor:
    """Return an executor on a running cluster, or on a new one of this machine."""
    with ExitStack() as opened:  # An interrupt too must not leave anything behind.
        if not address:
            address = opened.enter_context(local_cluster(n_jobs))
        client = connect(address)
        opened.callback(client.close, CLOSING_S)
        versions = check_versions(client, address)
        for name in client.run_on_scheduler(stale_plugins):
            client.unregister_worker_plugin(name)
        executor = ClusterExecutor(client, address)
        opened.callback(executor.uninstall)
        executor.install(Shipment(executor.code, _code_files(), versions))
        executor.opened = opened.pop_all()
    return executor


def _code_files() -> dict[str, bytes]:
    """Return the files of Runforest and of all that stands beside the tasks, by their path."""
    engine = Path(runforest.__file__).resolve().parent
    roots = [*(root for root in _beside_tasks() if root.name != engine.name), engine]
    return {
        str(file.relative_to(root.parent)): file.read_bytes()
        for root in roots
        for file in (root, *sorted(root.rglob("*")))
        if is_source(file, root.parent)
    }


def _beside_tasks() -> list[Path]:
    spec = find_spec("tasks")
    if spec is None or not spec.submodule_search_locations:
        return []
    tasks = Path(next(iter(spec.submodule_search_locations))).resolve()
    return [tasks] if "site-packages" in tasks.parts else list(tasks.parent.iterdir())


class ClusterExecutor(RemoteExecutor):
    """Calls that run on the workers of a Dask scheduler, with the project's code."""

    def __init__(self, client: Client, address: str) -> None:
        self.opened = ExitStack()
        self.code = f"{PREFIX}{client.id}-code"
        self._client = client
        self._address = address
        self._executor = client.get_executor(pure=False)
        self._plugins: list[str] = []
        self._running: set[Future[Any]] = set()
        self._broken = ""
        self._loop = cast("BaseAsyncIOLoop", client.loop)
        self._watch = asyncio.run_coroutine_threadsafe(self._look(), self._loop.asyncio_loop)

    def submit_packed(self, call: bytes) -> Future[Any]:
        """Send the call to the scheduler, which finds a worker for it."""
        self._check_whole()
        future: Future[Any] = Future()
        # Workers can read a function without a name: it is pickled by value, with all it calls.
        remote = self._executor.submit(lambda code: run_call(code, call), self.code)
        self._running.add(future)
        future.add_done_callback(partial(self._forget, remote))
        remote.add_done_callback(partial(self._settle, future))
        if self._broken:  # Perhaps since after the others were failed.
            self._loop.add_callback(self._break, self._broken)
        return future

    def share(self, file: Path) -> Callable[[], Path]:
        """Bring the file to every worker, those that come later included."""
        self._check_whole()
        size_bytes = file.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            message = (
                f"{file.name} has {size_bytes / 1e9:.1f} GB, and Dask sends at most 2 GB in one "
                'piece. Use a smaller table, or executor = "processes".'
            )
            raise ClusterError(message)
        folder = f"{self.code}-file-{len(self._plugins)}"
        self.install(Shipment(folder, {file.name: file.read_bytes()}))
        return partial(_worker_file, folder, file.name)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  The standard's signature.
        """Leave the cluster as it was found; one of this machine is ended.

        Without `wait` or with `cancel_futures` the results of running calls are dropped, though a
        worker of somebody else's cluster still runs them to their end.
        """
        if cancel_futures or not wait:
            for future in list(self._running):
                future.cancel()
        wait_for(list(self._running))
        self._executor.shutdown(wait=False)
        self.opened.close()

    def install(self, plugin: Shipment) -> None:
        """Bring files to all workers."""
        self._plugins.append(plugin.name)
        try:
            self._client.register_plugin(plugin)
        except OSError as error:
            message = f"a worker of {self._address} cannot be reached: {error}. Run again."
            raise ClusterError(message) from error
        except RuntimeError as error:  # Among them what a plug-in says that refuses a worker.
            raise ClusterError(str(error)) from error

    def uninstall(self) -> None:
        """Remove all files and stop watching."""
        self._watch.cancel()
        with contextlib.suppress(Exception):  # border: the cluster may go away at any time
            for name in self._plugins if not self._broken else ():
                remove = self._client.unregister_worker_plugin
                self._client.sync(remove, name, callback_timeout=CLOSING_S)

    def _check_whole(self) -> None:
        if self._broken:
            raise ClusterError(self._broken)

    def _forget(self, remote: Future[Any], future: Future[Any]) -> None:
        self._running.discard(future)
        if future.cancelled():
            remote.cancel()

    def _settle(self, future: Future[Any], remote: Future[Any]) -> None:
        """Pass on what became of a call; done by the thread of the client."""
        if remote.cancelled() and not future.cancelled():
            self._break(f"the connection to the scheduler at {self._address} was lost. {AGAIN}")
        elif remote.cancelled():
            _finish(future)
        elif isinstance(error := remote.exception(), KilledWorker):
            _finish(future, LostWorkersError(LOST.format(error.allowed_failures + 1)))
        elif error:
            _finish(future, error)
        elif isinstance(answer := remote.result(), str):
            self._break(answer)
        else:
            _finish(future, packed=answer)

    def _break(self, reason: str) -> None:
        """Fail all calls since the cluster is of no use any more."""
        self._broken = self._broken or reason
        for future in list(self._running):
            _finish(future, ClusterError(self._broken))

    async def _look(self) -> None:
        """Break when the scheduler is silent, or has had no working worker for long.

        A worker that waits for memory to become free does not count: if all do, all do for ever.
        """
        place = f"the scheduler at {self._address}"
        seen_s = time.monotonic()
        while not self._broken:
            await asyncio.sleep(CHECK_S)
            try:
                statuses = await asyncio.wait_for(_worker_statuses(self._client), SILENCE_S)
            except (OSError, TimeoutError):
                self._break(f"{place} has not answered for {SILENCE_S:.0f} s. {AGAIN}")
                return
            if "running" in statuses:
                seen_s = time.monotonic()
            elif time.monotonic() - seen_s > WORKERLESS_S:
                state = "all its workers wait for memory" if statuses else "no worker is left"
                self._break(
                    f"{place} has had nobody to work for {WORKERLESS_S:.0f} s: {state}. Start "
                    "workers, or larger ones, then run again."
                )


def _worker_file(folder: str, name: str) -> Path:
    """Return the path of a shared file on the worker that runs this call."""
    return Path(get_worker().local_directory, folder, name)


async def _worker_statuses(client: Client) -> set[str]:
    if client.scheduler is None:
        message = "the client gave up"
        raise ConnectionError(message)
    identity = await client.scheduler.identity(n_workers=-1)
    return {worker["status"] for worker in identity["workers"].values()}


def _finish(
    future: Future[Any], error: BaseException | None = None, *, packed: bytes = b""
) -> None:
    """Give a future its end, unless it has one."""
    has_end = future.done() and not future.cancelled()
    if has_end or not future.set_running_or_notify_cancel():
        return
    try:
        result = None if error else pickle.loads(packed)  # noqa: S301  Our worker's.
    except Exception as unreadable:  # noqa: BLE001  An executor hands any error to its future.
        error = unreadable
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)
