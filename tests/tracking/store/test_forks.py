"""Signals that come while a process is forked, which waits until the recorder pauses."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from runforest.launch.execution.signals import interruptible
from runforest.tracking.recorder.thread import Recorder
from tests.conftest import wait_until
from tests.tracking.conftest import local, trial

if TYPE_CHECKING:
    from tests.tracking.conftest import Records


def fork_once(codes: list[int]) -> None:
    """Fork, note how the child ended, and wait to be interrupted."""
    with interruptible():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        try:
            wait_until(lambda: False, timeout_s=10)
        finally:
            codes.append(os.waitpid(pid, 0)[1])


@local
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_process_is_forked_interrupts_afterwards(
    records: Records, number: signal.Signals
) -> None:
    recorded = records.open()
    is_busy, may_go_on = threading.Event(), threading.Event()

    def keep_busy(_: object) -> None:
        is_busy.set()
        may_go_on.wait()

    recorder = Recorder(recorded.client, recorded.run, recorded.opened, on_event=keep_busy)
    recorder.start()
    recorded.tell_trials(trial(0))
    assert is_busy.wait(30)
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    threading.Timer(0.6, may_go_on.set).start()
    codes: list[int] = []

    with pytest.raises(KeyboardInterrupt):
        fork_once(codes)

    assert may_go_on.is_set()
    assert codes == [0]
    recorded.tell_trials(trial(1))
    recorder.close()
    assert recorded.names() == ["trial 0", "trial 1"]
