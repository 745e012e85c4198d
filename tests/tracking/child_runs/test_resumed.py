"""The runs before one, with which it may be compared."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runforest.results.manifest import Manifest, write_manifest
from runforest.tracking.recorded_run import earlier_runs, find_run
from tests.tracking.conftest import local, trial

if TYPE_CHECKING:
    from tests.tracking.conftest import RecordedRun, Records


def with_result(records: Records) -> RecordedRun:
    """Return a run that holds a result."""
    recorded = records.open()
    folder = recorded.run.artifacts / "Tuner"
    folder.mkdir(parents=True)
    write_manifest(folder, Manifest(task="Tuner", fingerprint="feed", ingredients={}, outputs={}))
    return recorded


@local
def test_earlier_runs_are_found_behind_any_number_of_trials(records: Records) -> None:
    first = with_result(records)
    now_ms = time.time_ns() // 1_000_000
    first.tell_trials(*(trial(number, started_ms=now_ms) for number in range(210)))
    first.record()
    second = with_result(records)

    found = earlier_runs(second.client, find_run(second.client, second.opened.run_id))

    assert [run.run_id for run in found] == [first.opened.run_id]
