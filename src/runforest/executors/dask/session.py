"""A connection to a Dask scheduler, and what is brought to its workers while it lasts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar, cast

from runforest.executors.dask import shipping
from runforest.executors.dask.connection import (
    ClusterError,
    check_cluster,
    connect,
    remove_stale_plugins,
)
from runforest.executors.dask.watchdog import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tornado.platform.asyncio import BaseAsyncIOLoop

T = TypeVar("T")

CLOSING_S = 10.0
POLL_S = 0.2
ATTEMPTS = 3


class Session:
    """A client of a scheduler whose workers have been checked.

    Parameters
    ----------
    address
        Of the scheduler.
    on_lost
        Called once, in the thread of the client, with the reason why the cluster is of no use any
        more.
    workerless_s
        Seconds without a working worker after which it is not.

    Attributes
    ----------
    name
        Of everything that the session brings to workers; no other session has it.
    versions
        Of the packages that workers must have.
    broken
        The reason, or nothing.
    """

    def __init__(self, address: str, on_lost: Callable[[str], None], workerless_s: float) -> None:
        self.address = address
        self.broken = ""
        self._on_lost = on_lost
        self._plugins: list[str] = []
        self.client = connect(address)
        self.name = f"{shipping.PREFIX}{self.client.id}"
        self._watch = self.start(watch(self.client, address, workerless_s, self.lose))
        try:
            self.versions = check_cluster(self.client, address)
            remove_stale_plugins(self.client)
        except BaseException:  # an interrupt too must not leave the connection open
            self.close()
            raise

    def start(self, work: Coroutine[object, object, T]) -> Future[T]:
        """Start a coroutine in the thread of the client."""
        loop = cast("BaseAsyncIOLoop", self.client.loop)
        return asyncio.run_coroutine_threadsafe(work, loop.asyncio_loop)

    def call(self, function: Callable[[str], None], argument: str) -> None:
        """Call a function in the thread of the client, soon."""
        cast("BaseAsyncIOLoop", self.client.loop).add_callback(function, argument)

    def lose(self, reason: str) -> None:
        """Note that the cluster is of no use any more."""
        if not self.broken:
            self.broken = reason
            self._on_lost(reason)

    def install(self, plugin: shipping.ShippedCode | shipping.ShippedFile) -> None:
        """Bring a plug-in to all workers, those that come later included.

        One that dies meanwhile costs an attempt.

        Raises
        ------
        ClusterError
            A worker does not take it.
        """
        self._plugins.append(plugin.name)
        for _ in range(ATTEMPTS):
            try:
                return self._await(self._register(plugin))
            except OSError as error:
                reason = f"a worker of {self.address} cannot be reached: {error}."
            except RuntimeError as error:  # Among them what a plug-in says that refuses a worker.
                raise ClusterError(str(error)) from error
        raise ClusterError(reason)

    def close(self) -> None:
        """Take everything back and disconnect."""
        self._watch.cancel()
        if not self.broken:
            with contextlib.suppress(Exception):  # border: the cluster may go away at any time
                self.start(self._unregister()).result(CLOSING_S)
        with _silence():
            self.client.close(CLOSING_S)

    async def _register(self, plugin: shipping.ShippedCode | shipping.ShippedFile) -> None:
        await self.client.register_plugin(plugin)

    async def _unregister(self) -> None:
        for name in reversed(self._plugins):
            await self.client.unregister_worker_plugin(name)

    def _await(self, work: Coroutine[object, object, T]) -> T:
        """Return what a coroutine returns, unless the cluster is lost meanwhile."""
        future = self.start(work)
        while not wait([future], timeout=POLL_S).done:
            if self.broken:
                future.cancel()
                raise ClusterError(self.broken)
        return future.result()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Silence what Dask says of a connection that is lost while it is being closed."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
