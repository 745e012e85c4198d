"""An interrupt that Python drops is not the last one."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, time
from runforest.launch.execution.signals import GRACE_S, interruptible

class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)

with interruptible():
    try:
        Dropping()
        os.kill(os.getpid(), signal.SIGTERM)
        print("went on")
        time.sleep(GRACE_S)
        os.kill(os.getpid(), signal.SIGINT)
        print("went on for ever")
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.mark.slow
def test_an_interrupt_that_was_dropped_can_be_repeated() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.splitlines() == ["went on", "stopped"]
    assert "KeyboardInterrupt" in done.stderr
