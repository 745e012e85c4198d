"""Who writes a journal faster than it is recorded waits for its recorder."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from runforest.run import journal
from runforest.run.journal import MAX_WAITING_BYTES, Backlog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_writer_waits_until_the_recorder_has_caught_up(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"\n" * (2 * MAX_WAITING_BYTES))
    waiting = threading.Thread(target=Backlog(file).wait)
    waiting.start()
    recorder = Backlog(file)

    recorder.note(MAX_WAITING_BYTES - 1)
    waiting.join(timeout=0.5)
    assert waiting.is_alive()

    recorder.note(MAX_WAITING_BYTES)
    waiting.join(timeout=5)
    assert not waiting.is_alive()


def test_a_writer_does_not_wait_for_a_recorder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PATIENCE_S", 0.2)
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"\n" * (2 * MAX_WAITING_BYTES))
    backlog = Backlog(file)

    backlog.wait()
    clock = time.monotonic()
    backlog.wait()

    assert time.monotonic() - clock < 0.2, "it waited once more"
