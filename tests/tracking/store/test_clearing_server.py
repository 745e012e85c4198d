"""Clearing away runs of a tracking server: what goes on this machine, and what never does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BROKEN = """\
from runforest.run_task import RunTask, requires


class Sound(RunTask):
    def output(self):
        return self.artifact("sound.txt")

    def compute(self):
        self.output().save("sound")


@requires(Sound)
class Broken(RunTask):
    def output(self):
        return self.artifact("never.txt")

    def compute(self):
        raise ValueError("broken")
"""


@pytest.fixture
def broken(tmp_path: Path, server: str) -> Project:
    """Return a project with a failed run on the server, and a folder of its own for TMPDIR."""
    project = make_project(tmp_path / "project")
    project.write("src/tasks/broken.py", BROKEN)
    project.configure('[RunConfig]\nexperiment_name = "broken"\ntask = "Broken"\n')
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    project.environment |= {"MLFLOW_TRACKING_URI": server, "TMPDIR": str(temporary)}
    outcome = project.run()
    assert outcome.code == 1, outcome.err
    return project


def test_only_folders_of_deleted_runs_go_and_none_outside_the_project(
    broken: Project, tmp_path: Path
) -> None:
    sentinel = tmp_path / "temporary" / "of somebody else"
    sentinel.write_text("precious")
    remote = broken.folder / "mlruns" / ".runforest" / "remote"
    (run_folder,) = remote.iterdir()

    outcome = broken.command("gc", "--failed", "--delete")

    assert outcome.code == 0, outcome.err
    assert f"delete {run_folder.name}" in outcome.out
    assert broken.client.get_run(run_folder.name).info.lifecycle_stage == "deleted"
    assert list(remote.iterdir()) == []
    assert sentinel.read_text() == "precious"
