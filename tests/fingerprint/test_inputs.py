"""What of the raw input counts for a result: its content, wherever links lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.foundation.parameters import InputFileParameter
from runforest.run.active import Run, RunSettings
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from pathlib import Path


class Reading(RunTask):
    """Reads a folder."""

    folder = InputFileParameter(description="Folder of raw files.")


def digest(project: Path) -> str:
    """Return the digest that a task's fingerprint has of the folder `data`."""
    run = Run(project / "mlruns" / "experiment" / "r1", RunSettings(project=str(project)))
    task = Reading(active_run=run, folder=str(project / "data"))
    return task.ingredients()["inputs"]["folder"]


def test_a_file_behind_a_link_to_another_folder_counts(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (elsewhere / "rows.csv").write_text("a\n1\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(elsewhere.parent)
    before = digest(tmp_path)
    same = digest(tmp_path)

    (elsewhere / "rows.csv").write_text("a\n2\n")

    assert before == same != digest(tmp_path)


def test_a_link_that_leads_round_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data" / "below").mkdir(parents=True)
    (tmp_path / "data" / "rows.csv").write_text("a\n1\n")
    before = digest(tmp_path)

    (tmp_path / "data" / "below" / "back").symlink_to(tmp_path / "data")

    assert digest(tmp_path) == before
