"""Whether a run's process lives is what the kernel says of a lock, and of this machine alone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import wait_until

if TYPE_CHECKING:
    from tests.conftest import Project

ISOLATED = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
"""Starts a program with process ids of its own, as a container does; the host name is the same."""

WAITING = """\
from pathlib import Path
import time

from runforest.run_task import RunTask

HERE = Path(__file__).parent


class Waiting(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.artifact("early.txt").save("early")
        (HERE / "begun").touch()
        while not (HERE / "go").exists():
            time.sleep(0.05)
        self.output().save("done")


class Quick(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.output().save("done")
"""


def can_isolate() -> bool:
    """Return whether this user may start programs with process ids of their own."""
    try:
        return subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def start_isolated(project: Project, task: str) -> subprocess.Popen[str]:
    runner = [sys.executable, str(project.folder / "src" / "runner.py")]
    return subprocess.Popen(
        [*ISOLATED, *runner, "--set", f"RunConfig.task={task}"],
        cwd=project.folder,
        env=project.full_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not can_isolate(), reason="needs the right to make PID namespaces")
def test_a_start_in_another_container_leaves_a_running_run_alone(project: Project) -> None:
    source = project.write("src/tasks/waiting.py", WAITING).parent
    first = start_isolated(project, "Waiting")
    try:
        wait_until((source / "begun").exists)
        second = start_isolated(project, "Quick")
        assert second.communicate(timeout=120)[0].count("FINISHED") == 1
        statuses = [run.info.status for run in project.top_runs()]
        (source / "go").touch()
        out, _ = first.communicate(timeout=120)
    finally:
        first.kill()

    assert statuses == ["FINISHED", "RUNNING"], out
    assert (first.returncode, project.top_runs()[1].info.status) == (0, "FINISHED"), out
    assert set(project.manifest(project.top_runs()[1], "Waiting")["outputs"]) == {
        "early.txt",
        "done.txt",
    }
