"""`kill -9` at random instants: the next run ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from runforest.manifest import read_manifest
from tests.conftest import QUICK, Project, make_project

if TYPE_CHECKING:
    from pathlib import Path

N_ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
# Importing takes the first seconds, in which there is little to destroy.
EARLIEST_S, LATEST_S = 2.5, 6.5
SMALL = (*QUICK, "--set", "Tuner.n_folds=2", "--set", "Evaluator.n_folds=2")
TASKS = ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction")


def contents(project: Project) -> dict[str, str]:
    """Return the digest of each task's result in the newest run."""
    artifacts = project.artifacts(project.top_runs()[0])
    manifests = {task: read_manifest(artifacts / task) for task in TASKS}
    return {task: manifest.content_digest for task, manifest in manifests.items() if manifest}


def kill_and_run_again(project: Project, after_s: float) -> list[str]:
    """Forget all results, kill a run after some seconds, run again, and return all statuses."""
    for name in ("index", "titanic"):
        shutil.rmtree(project.folder / "mlruns" / name, ignore_errors=True)
    process = project.start(*SMALL)
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    outcome = project.run(*SMALL)
    assert outcome.code == 0, outcome.err
    assert not list((project.folder / "mlruns").glob("*/*/staging/*"))
    return [run.info.status for run in project.runs()]


@pytest.mark.slow
def test_a_killed_run_is_completed_by_the_next(tmp_path: Path, empty_store: Path) -> None:
    instants = [random.Random(number).uniform(EARLIEST_S, LATEST_S) for number in range(N_ROUNDS)]
    projects = [make_project(tmp_path / str(number), empty_store) for number in range(2)]
    kill_and_run_again(projects[0], after_s=300)
    expected = contents(projects[0])

    def rounds(
        project: Project, mine: list[float]
    ) -> list[tuple[float, list[str], dict[str, str]]]:
        return [
            (after_s, kill_and_run_again(project, after_s), contents(project)) for after_s in mine
        ]

    with ThreadPoolExecutor(2) as pool:
        parts = [pool.submit(rounds, projects[n], instants[n::2]) for n in range(2)]
        results = [result for part in parts for result in part.result()]

    assert len(results) == N_ROUNDS
    for after_s, statuses, found in results:
        assert found == expected, after_s
        assert "RUNNING" not in statuses, after_s
