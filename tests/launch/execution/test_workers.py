"""The number of workers and how they start make no difference to a result."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.conftest import QUICK

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.slow

TASKS = ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction")


def outputs(project: Project) -> dict[str, str]:
    """Return the digest of every output of the newest run that may not differ between runs."""
    run = project.top_runs()[0]
    return {
        f"{task}/{name}": output["sha256"]
        for task in TASKS
        for name, output in project.manifest(run, task)["outputs"].items()
        if not output["is_volatile"]
    }


ECHO = """\
import json

import luigi

from runforest.run_task import RunTask


class Echo(RunTask):
    table = luigi.DictParameter()

    def output(self):
        return self.artifact("table.json")

    def compute(self):
        self.output().save(json.loads(luigi.DictParameter().serialize(self.table)))
"""
ODD_VALUES = r"""
[RunConfig]
task = "Echo"
workers = 2
start_method = "spawn"

[Echo.table]
delimiter = "\u0001"
pattern = '[\x20-\x7e]'
folder = 'C:\xampp\data'
steps = ["scale", {pca = 3}, [[{x = 1}]]]
"""


def test_a_spawned_worker_gets_every_value_as_it_stands_in_luigi_toml(project: Project) -> None:
    project.write("src/tasks/echo.py", ECHO)
    project.configure(ODD_VALUES)

    outcome = project.run_cold()

    assert outcome.code == 0, outcome.err
    artifacts = project.artifacts(project.top_runs()[0])
    table = tomllib.loads(ODD_VALUES)["Echo"]["table"]
    recorded = (artifacts / "config" / "effective.toml").read_text(encoding="utf-8")
    assert tomllib.loads(recorded)["Echo"]["table"] == table
    assert json.loads((artifacts / "Echo" / "table.json").read_text(encoding="utf-8")) == table


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_three_workers_give_the_same_bytes_as_one(
    project: Project, finished_project: Project, method: str
) -> None:
    workers = ("--set", "RunConfig.workers=3", "--set", f"RunConfig.start_method={method}")

    outcome = project.run(*QUICK, *workers)

    assert outcome.code == 0, outcome.err
    assert outputs(project) == outputs(finished_project)
    assert len(project.top_runs()) == 1
    assert len(project.children(project.top_runs()[0])) == 3
    assert {run.info.status for run in project.runs()} == {"FINISHED"}
