"""Runs of others, and runs that others need, stay when runs are deleted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from runforest.foundation.layout import Layout
from runforest.history.gc import is_ours
from runforest.history.needed_runs import exclude_required
from runforest.tracking.recorded_run import RecordedRun
from runforest.tracking.tags import PROJECT_TAG

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

    doomed = exclude_required([first, second, other, kept], [first, second, other], (), tmp_path)

    assert doomed == [other]


def test_runs_of_an_equal_container_of_another_machine_are_not_ours(tmp_path: Path) -> None:
    tags = {PROJECT_TAG: str(tmp_path)}
    here, elsewhere = (recorded(tmp_path, run_id, **tags) for run_id in ("here", "elsewhere"))
    (tmp_path / "here").mkdir()
    on_server = dataclasses.replace(here, artifact_uri="mlflow-artifacts:/1/here/artifacts")
    computed_here = dataclasses.replace(on_server, run_id="computed")
    (Layout(tmp_path).remote_runs / "computed").mkdir(parents=True)

    runs = (here, elsewhere, on_server, computed_here)
    ours = [is_ours(run, tmp_path) for run in runs]

    assert ours == [True, False, False, True]
    assert not is_ours(here, tmp_path / "other")
