"""Worker processes of this machine that do not behave."""

from __future__ import annotations

import os
import signal
import threading
import time

from runforest.executors import open_executor

PATIENCE_S = 20


def whoami() -> int:
    """Return the id of the worker, after long enough for another one to start."""
    time.sleep(0.5)
    return os.getpid()


def test_a_worker_that_hangs_with_nothing_to_do_does_not_hold_up_the_end() -> None:
    # As one does for ever if another was killed while it held the lock of their common queue.
    executor = open_executor("processes", 2)
    workers = {future.result() for future in [executor.submit(whoami) for _ in range(4)]}
    end = threading.Thread(target=executor.shutdown, daemon=True)

    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    end.start()
    end.join(PATIENCE_S)
    has_ended = not end.is_alive()
    for worker in workers if not has_ended else ():
        os.kill(worker, signal.SIGKILL)

    assert has_ended


def test_the_end_waits_for_running_calls() -> None:
    with open_executor("processes", 2) as executor:
        futures = [executor.submit(whoami) for _ in range(3)]

    assert all(future.done() and future.result() for future in futures)
