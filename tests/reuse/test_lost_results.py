"""A result that the plan found and that is gone when the run wants it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.slow

CHAIN = """\
import shutil
from pathlib import Path

from runforest.run_task import RunTask

DOOMED = Path(__file__).with_name("doomed.txt")


class First(RunTask):
    def output(self):
        return self.artifact("first.txt")

    def compute(self):
        self.output().save("first")


class Last(RunTask):
    def requires(self):
        return self.need(First)

    def output(self):
        # Called before the plan and again after it: as if `gc` ran a moment later.
        if DOOMED.exists() and "planned" in globals():
            shutil.rmtree(DOOMED.read_text())
            DOOMED.unlink()
        globals()["planned"] = True
        return self.artifact("last.txt")

    def compute(self):
        self.output().save(self.input().load() + " and last")
"""


@pytest.mark.parametrize("status", ["computed", "reused"])
def test_a_result_that_was_deleted_since_the_plan_is_found_elsewhere_or_computed(
    project: Project, status: str
) -> None:
    project.write("src/tasks/chain.py", CHAIN)
    project.configure('[RunConfig]\ntask = "Last"\n')
    assert project.run().code == 0
    assert project.run("--set", "RunConfig.task=First", "--force", "First").code == 0
    newest, first = project.top_runs()
    if status == "computed":
        shutil.rmtree(project.artifacts(first) / "First")
    project.write("src/tasks/doomed.txt", str(project.artifacts(newest) / "First"))

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    assert "First cannot be reused" in outcome.err
    run = project.top_runs()[0]
    assert run.info.status == "FINISHED"
    assert statuses(project) == {"First": status, "Last": "reused"}
    assert (project.artifacts(run) / "First" / "first.txt").read_text().strip() == "first"
