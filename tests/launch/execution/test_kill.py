"""`kill -9` at random instants: the next run ends as if nothing had happened.

By default few rounds, and a smaller search than that of luigi.toml. More, and as it is:
`KILL_EXPERIMENT=luigi.toml KILL_ROUNDS=100 make test ARGS=tests/launch/execution/test_kill.py`
"""

from __future__ import annotations

import os
import random
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from runforest.results.manifest import read_manifest
from tests.conftest import REPOSITORY, Project, make_project
from tests.launch.execution.killing import Course, kill_run, phase_of_kill
from tests.warm import kill_group

if TYPE_CHECKING:
    from pathlib import Path

N_ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
EARLY_EVERY, EARLY_S = 10, 5.0
"""One round in so many is killed while the program imports, reads and plans."""

SMALL = """\
[RunConfig]
experiment_name = "titanic"

[PathConfig]
input = "./input/titanic/"

[Preprocessor]
drop_columns = ["Name", "Ticket", "Cabin", "Sex", "Embarked", "Parch", "SibSp", "Age"]

[Tuner]
n_trials = 4
n_folds = 2

[Tuner.search_space]
ccp_alpha = { type = "float", low = 0.0, high = 0.01 }

[Trainer]
estimator = "sklearn.tree.DecisionTreeClassifier"
tune = true

[Evaluator]
n_folds = 2
scoring = ["accuracy"]
"""
EXPERIMENT = os.environ.get("KILL_EXPERIMENT")
CONFIG = (REPOSITORY / EXPERIMENT).read_text(encoding="utf-8") if EXPERIMENT else SMALL
N_TRIALS = int(tomllib.loads(CONFIG)["Tuner"]["n_trials"])
TASKS = ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction")


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a kill hit, and what the next run did not make good."""

    number: int
    phase: str
    problems: list[str]


def make(folder: Path, store: Path) -> Project:
    """Return a project with an experiment of all five tasks."""
    project = make_project(folder, store)
    project.configure(CONFIG)
    return project


def contents(project: Project) -> dict[str, str]:
    """Return the digest of each task's result in the newest run."""
    artifacts = project.artifacts(project.top_runs()[0])
    manifests = {task: read_manifest(artifacts / task) for task in TASKS}
    return {task: manifest.content_digest for task, manifest in manifests.items() if manifest}


def kill_early(project: Project, after_s: float) -> None:
    """Kill some seconds after a start that has its imports before it."""
    process = project.start_cold()
    time.sleep(after_s)
    kill_group(process.pid)
    process.communicate()


def problems_after(project: Project, expected: dict[str, str]) -> list[str]:
    """Run again; return what is not as if nothing had happened."""
    outcome = project.run()
    if outcome.code != 0:
        return [outcome.out + outcome.err]
    runs, newest = project.runs(), project.top_runs()[0]
    tuner = read_manifest(project.artifacts(newest) / "Tuner")
    home = (tuner and tuner.reused_from) or newest.info.run_id
    trials = Counter(
        (run.info.run_name, run.data.tags["mlflow.parentRunId"])
        for run in runs
        if "mlflow.parentRunId" in run.data.tags
    )
    found = contents(project)
    statuses = {run.info.status for run in runs}
    checks = {
        f"results {found}": found == expected,
        f"statuses {statuses}": "RUNNING" not in statuses and newest.info.status == "FINISHED",
        f"trials {trials}": trials == Counter((f"trial {n}", home) for n in range(N_TRIALS)),
        "staging is left": not list((project.folder / "mlruns").glob("*/*/staging")),
    }
    return [name for name, is_good in checks.items() if not is_good]


def play(project: Project, course: Course, expected: dict[str, str], number: int) -> Round:
    """Return a round, whose number decides when the kill comes."""
    chance = random.Random(number)
    if number % EARLY_EVERY == 0:
        kill_early(project, chance.uniform(0, EARLY_S))
    else:
        kill_run(project, (), course.random_instant(chance))
    phase = phase_of_kill(project)
    return Round(number=number, phase=phase, problems=problems_after(project, expected))


@pytest.mark.slow
def test_a_killed_run_is_completed_by_the_next(tmp_path: Path, empty_store: Path) -> None:
    whole = make(tmp_path / "whole", empty_store)
    course, expected = Course(whole), contents(whole)

    with ThreadPoolExecutor(2) as pool:
        rounds = list(
            pool.map(
                lambda number: play(
                    make(tmp_path / str(number), empty_store), course, expected, number
                ),
                range(N_ROUNDS),
            )
        )

    print(*Counter(one.phase for one in rounds).most_common(), sep="\n")  # noqa: T201 - with -s
    assert len(expected) == len(TASKS)
    assert len(rounds) == N_ROUNDS
    assert [one for one in rounds if one.problems] == []
