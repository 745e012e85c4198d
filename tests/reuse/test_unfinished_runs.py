"""What a run completed before it failed or was interrupted is not computed again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import wait_until
from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project

pytestmark = pytest.mark.slow

TASKS = """\
import time
from pathlib import Path

from runforest.run_task import RunTask, requires

HERE = Path(__file__).parent


class First(RunTask):
    def output(self):
        return self.artifact("first.txt")

    def compute(self):
        with (HERE / "count.txt").open("a") as out:
            out.write("x")
        self.log_metric("early", 0.5, step=7)
        self.output().save("first")


@requires(First)
class Second(RunTask):
    def output(self):
        return self.artifact("second.txt")

    def compute(self):
        (HERE / "begun.txt").touch()
        if (HERE / "broken.txt").exists():
            raise ValueError("broken")
        while (HERE / "hold.txt").exists():
            time.sleep(0.05)
        self.output().save("second")
"""


def fail(project: Project) -> None:
    broken = project.write("src/tasks/broken.txt", "")
    assert project.run().code == 1
    broken.unlink()


def interrupt(project: Project) -> None:
    hold = project.write("src/tasks/hold.txt", "")
    process = project.start()
    wait_until((project.folder / "src" / "tasks" / "begun.txt").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    hold.unlink()


@pytest.mark.parametrize(
    ("status", "end"), [("FAILED", fail), ("KILLED", interrupt)], ids=["failed", "killed"]
)
def test_the_results_of_a_run_that_did_not_finish_are_reused(
    project: Project, status: str, end: Callable[[Project], None]
) -> None:
    project.write("src/tasks/unfinished.py", TASKS)
    project.configure('[RunConfig]\ntask = "Second"\n')
    end(project)

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    newest, unfinished = project.top_runs()
    assert (newest.info.status, unfinished.info.status) == ("FINISHED", status)
    assert statuses(project) == {"First": "reused", "Second": "computed"}
    assert project.manifest(newest, "First")["reused_from"] == unfinished.info.run_id
    assert (project.folder / "src" / "tasks" / "count.txt").read_text() == "x"
    (point,) = project.client.get_metric_history(newest.info.run_id, "early")
    assert (point.step, point.value) == (7, 0.5)
