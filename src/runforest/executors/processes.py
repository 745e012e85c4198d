"""Worker processes on this machine."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from runforest.executors.remote import RemoteExecutor, call_packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

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

WATCH_S = 1.0
"""Between two looks of a worker at whether its driver is still there."""


class ProcessExecutor(RemoteExecutor):
    """Worker processes of loky, single-threaded, behind the standard `shutdown`.

    loky starts workers afresh instead of forking them: a fork inherits the locks and connections
    of a process that has threads.
    """

    def __init__(self, n_jobs: int) -> None:
        from loky import ProcessPoolExecutor

        self._running: set[Future[Any]] = set()
        self._pool = ProcessPoolExecutor(
            max_workers=n_jobs, env=SINGLE_THREAD, initializer=_begin, initargs=(os.getpid(),)
        )

    def submit_packed(self, call: bytes) -> Future[Any]:
        """Hand the call to the pool."""
        with _interrupt_held():
            future: Future[Any] = self._pool.submit(_call, call)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  The standard's signature.
        """Stop the workers; `cancel_futures` kills them, running calls included.

        Those with nothing to do are killed too, where it is waited for their end: loky 3.7 waits
        for ever if one died while it held the lock of the queue from which all take their calls.
        """
        if wait and not cancel_futures:
            wait_for(list(self._running))
        self._pool.shutdown(wait=wait, kill_workers=wait or cancel_futures)


class _Returned:
    """A result that is pickled already, and becomes itself where it is read."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __reduce__(self) -> tuple[object, ...]:
        return pickle.loads, (self._packed,)


def _call(packed: bytes) -> _Returned:
    return _Returned(call_packed(packed))


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Hold Ctrl-C back while workers are started, which inherit that until `_begin`.

    One that came while their interpreters start would kill them. So does loky's thread that starts
    workers later, since it begins in here too. The process itself gets the signal afterwards.
    """
    resource_tracker.ensure_running()  # Its start would let the signal through again.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _begin(driver: int) -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the one that has the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(driver,), name="driver watch", daemon=True).start()


def _end_with(driver: int) -> None:
    """End this process when the one that has the pool was killed: loky's workers wait for ever."""
    while os.getppid() == driver:
        time.sleep(WATCH_S)
    os._exit(1)
