"""Runs that others need stay when runs are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.history.needed_runs import without_needed
from runforest.tracking.recorded_run import RecordedRun

if TYPE_CHECKING:
    from pathlib import Path


def recorded(folder: Path, run_id: str, **tags: str) -> RecordedRun:
    return RecordedRun(
        run_id=run_id,
        name=run_id,
        status="FINISHED",
        experiment_id="1",
        started_ms=0,
        metrics={},
        params={},
        tags={key.replace("__", "."): value for key, value in tags.items()},
        artifact_uri=str(folder / run_id / "artifacts"),
    )


def test_runs_with_the_trials_that_a_kept_study_went_on_from_stay(tmp_path: Path) -> None:
    first, second, other = (recorded(tmp_path, name) for name in ("first", "second", "other"))
    kept = recorded(tmp_path, "kept", mlflow__runforest__trials="first second")

    doomed = without_needed([first, second, other, kept], [first, second, other], (), tmp_path)

    assert doomed == [other]
