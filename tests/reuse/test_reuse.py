"""Reuse in real runs: what is taken, how it is recorded, and what is never taken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project

TASKS = ("Preprocessor", "Trainer", "Prediction")


def statuses(project: Project) -> dict[str, str]:
    """Return the status of each task of the newest run."""
    path = project.artifacts(project.top_runs()[0]) / "tasks.json"
    return {name: fact["status"] for name, fact in json.loads(path.read_text()).items()}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def remove_artifact(path: Path) -> None:
    path.unlink()


def damage_artifact(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[::-1])


def test_a_run_with_nothing_to_do_holds_everything(copied: Callable[[], Project]) -> None:
    project = copied()

    outcome = project.run("--set", "RunConfig.description=again")

    assert outcome.code == 0, outcome.err
    second, first = project.top_runs()
    assert statuses(project) == dict.fromkeys(TASKS, "reused")
    assert second.info.status == "FINISHED"
    assert second.data.params.keys() == first.data.params.keys()
    assert second.data.metrics == first.data.metrics
    assert second.data.tags["mlflow.note.content"].startswith("again")
    for task in TASKS:
        manifest = project.manifest(second, task)
        assert manifest["reused_from"] == first.info.run_id
        for name in manifest["outputs"]:
            file = project.artifacts(second) / task / name
            assert file.samefile(project.artifacts(first) / task / name)


def test_the_page_of_a_run_leads_to_the_trials_it_reused(
    finished_project: Project, tmp_path: Path
) -> None:
    project = type(finished_project)(tmp_path / "project")
    shutil.copytree(finished_project.folder, project.folder)

    outcome = project.run("--set", "Trainer.params.n_estimators=10")

    assert outcome.code == 0, outcome.err
    newest, first = project.top_runs()[:2]
    assert statuses(project)["Tuner"] == "reused"
    assert f"runs/{first.info.run_id}" in newest.data.tags["mlflow.note.content"]
    assert newest.data.metrics["best_accuracy"] == first.data.metrics["best_accuracy"]


def test_a_moved_project_writes_where_it_lies_now(
    copied: Callable[[], Project], base_project: Project
) -> None:
    project = copied()
    n_before = len(list((base_project.folder / "mlruns").rglob("*")))

    outcome = project.run("--set", "Trainer.seed=7")

    assert outcome.code == 0, outcome.err
    for run in project.top_runs():
        assert project.artifacts(run).is_relative_to(project.folder)
    assert len(list((base_project.folder / "mlruns").rglob("*"))) == n_before


def test_deleting_the_older_run_harms_no_other(copied: Callable[[], Project]) -> None:
    project = copied()
    project.run()
    newest, first = project.top_runs()[:2]
    shutil.rmtree(project.folder / "mlruns" / "demo" / first.info.run_id)

    outcome = project.run("--plan")

    assert outcome.out.count("reuse ") == len(TASKS), outcome.out
    assert (
        project.folder
        / "mlruns"
        / "demo"
        / newest.info.run_id
        / "artifacts"
        / "Prediction"
        / "test_prediction.csv"
    ).exists()


@pytest.mark.parametrize("harm", [remove_artifact, damage_artifact])
def test_a_damaged_result_is_computed_again(
    copied: Callable[[], Project], harm: Callable[[Path], None]
) -> None:
    project = copied()
    folder = next((project.folder / "mlruns" / "demo").glob("*/artifacts/Preprocessor"))
    harm(folder / "train.parquet")

    plan = project.run("--plan")
    outcome = project.run()

    assert "train.parquet" in plan.out
    assert outcome.code == 0, outcome.err
    assert statuses(project) == {
        "Preprocessor": "computed",
        "Trainer": "reused",
        "Prediction": "reused",
    }


def test_a_manifest_of_a_newer_version_is_said_and_not_guessed(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    path = next((project.folder / "mlruns" / "demo").glob("*/artifacts/Preprocessor/manifest.json"))
    content = json.loads(path.read_text())
    path.chmod(0o644)
    path.write_text(json.dumps({**content, "version": 99}))

    outcome = project.run("--plan")

    assert outcome.code == 0, outcome.err
    assert "format 99" in outcome.out
    assert "Upgrade Runforest" in outcome.out


def test_the_index_can_be_deleted(copied: Callable[[], Project]) -> None:
    project = copied()
    shutil.rmtree(project.folder / "mlruns" / "index")

    outcome = project.run("--plan")

    assert outcome.out.count("reuse ") == len(TASKS), outcome.out


def test_a_change_that_yields_the_same_bytes_stops_there(copied: Callable[[], Project]) -> None:
    project = copied()
    replace(project.folder / "src" / "cleaning.py", "LIMIT = 1000", "LIMIT = 2000")

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    assert statuses(project) == {
        "Preprocessor": "computed",
        "Trainer": "reused",
        "Prediction": "reused",
    }


def test_forcing_a_task_keeps_the_old_result(copied: Callable[[], Project]) -> None:
    project = copied()
    first = project.top_runs()[0]

    outcome = project.run("--force", "Trainer")

    assert outcome.code == 0, outcome.err
    assert statuses(project) == {
        "Preprocessor": "reused",
        "Trainer": "computed",
        "Prediction": "reused",
    }
    kept = project.folder / "mlruns" / "demo" / first.info.run_id / "artifacts" / "Trainer"
    assert (kept / "manifest.json").exists()


@pytest.mark.parametrize(
    "options",
    [["--force-downstream", "Preprocessor"], ["--set", "RunConfig.reuse=false"]],
    ids=["force downstream", "reuse off"],
)
def test_everything_can_be_computed_anew(copied: Callable[[], Project], options: list[str]) -> None:
    project = copied()

    outcome = project.run(*options)

    assert outcome.code == 0, outcome.err
    assert statuses(project) == dict.fromkeys(TASKS, "computed")


def test_forcing_an_unknown_task_names_the_nearest(copied: Callable[[], Project]) -> None:
    outcome = copied().run("--force", "Trainr")

    assert outcome.code == 2
    assert "Did you mean `Trainer`?" in outcome.err


def test_forcing_a_wrapper_forces_the_tasks_that_it_requires(
    copied: Callable[[], Project],
) -> None:
    outcome = copied().run("--plan", "--set", "RunConfig.task=Experiment", "--force", "Experiment")

    assert outcome.code == 0, outcome.err
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines()}
    assert rows["Evaluator"] == rows["Prediction"] == ["run", "forced"]
    assert rows["Preprocessor"][0] == rows["Trainer"][0] == "reuse"


@pytest.mark.parametrize("option", ["--force", "--force-downstream"])
def test_a_pinned_task_cannot_be_forced(copied: Callable[[], Project], option: str) -> None:
    project = copied()
    folder = next((project.folder / "mlruns" / "demo").glob("*/artifacts/Trainer"))

    outcome = project.run("--plan", "--set", f"PathConfig.Trainer={folder}", option, "Trainer")

    assert outcome.code == 2
    assert "[PathConfig] pins Trainer to a result. Take that key out" in outcome.err


def test_a_plan_tells_scripts_whether_something_would_run(copied: Callable[[], Project]) -> None:
    project = copied()
    n_runs = len(project.runs())

    known = project.run("--plan", "--exit-code")
    new = project.run("--plan", "--exit-code", "--set", "Trainer.seed=5")

    assert (known.code, new.code) == (0, 1)
    assert len(project.runs()) == n_runs


SLOW_TASK = '''"""A task that takes its time and counts how often."""

import os
import time
from pathlib import Path

from runforest.run_task import RunTask


class Slow(RunTask):
    """Slow."""

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        with Path(os.environ["COUNT"]).open("a") as out:
            out.write("x")
        time.sleep(4)
        self.output().save("done")
'''


@pytest.fixture
def slow_project(project: Project, tmp_path: Path) -> Project:
    """Return a project of one slow task that marks each computation in a file."""
    project.write("src/tasks/slow.py", SLOW_TASK)
    project.configure('[RunConfig]\nexperiment_name = "slow"\ntask = "Slow"\n')
    project.environment["COUNT"] = str(tmp_path / "count")
    return project


@pytest.mark.slow
def test_of_two_runners_one_computes_and_the_other_waits(slow_project: Project) -> None:
    both = [slow_project.start(), slow_project.start()]

    for process in both:
        process.communicate(timeout=120)
    codes = [process.returncode for process in both]

    assert codes == [0, 0]
    assert (slow_project.folder.parent / "count").read_text() == "x"
    assert [run.info.status for run in slow_project.top_runs()] == ["FINISHED", "FINISHED"]


@pytest.mark.slow
def test_a_runner_that_dies_holds_up_no_other(slow_project: Project) -> None:
    first = slow_project.start()
    count = slow_project.folder.parent / "count"
    while not count.exists():
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()

    outcome = slow_project.run(timeout_s=120)

    assert outcome.code == 0, outcome.err
    assert sorted(run.info.status for run in slow_project.top_runs()) == ["FINISHED", "KILLED"]
