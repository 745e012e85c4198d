"""Reuse in real runs: what is taken, how it is recorded, and what is never taken."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import QUICK, wait_until
from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project
    from tests.warm import Started

TASKS = ("Preprocessor", "Trainer", "Prediction")


MANY = """\
import luigi

from runforest.run_task import RunTask, WrapperRunTask


class OneOfMany(RunTask):
    text = luigi.Parameter(description="Makes the name of the folder long.")

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.output().save(self.text)


class Many(WrapperRunTask):
    def requires(self):
        return [self.need(OneOfMany, text=letter * 60) for letter in "ab"]
"""


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


@pytest.mark.slow
def test_the_page_of_a_run_leads_to_the_trials_it_reused(
    finished_project: Project, tmp_path: Path
) -> None:
    project = type(finished_project)(tmp_path / "project")
    shutil.copytree(finished_project.folder, project.folder)

    outcome = project.run(*QUICK)

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


def test_the_plan_prints_that_a_result_was_deleted(copied: Callable[[], Project]) -> None:
    project = copied()
    folder = next((project.folder / "mlruns" / "demo").glob("*/artifacts/Preprocessor"))
    shutil.rmtree(folder)

    plan = project.run("--plan")

    assert "Preprocessor was deleted" in " ".join(plan.out.split())


def test_a_plan_with_long_names_prints_what_becomes_of_each_task_and_why(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    project.write("src/tasks/many.py", MANY)

    outcome = project.run("--plan", "--set", "RunConfig.task=Many")

    assert outcome.out.count("no earlier result") == 2, outcome.out
    assert outcome.out.count(" run ") == 2, outcome.out


def test_the_plan_prints_what_is_wrong_with_a_manifest_of_another_version(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    path = next((project.folder / "mlruns" / "demo").glob("*/artifacts/Preprocessor/manifest.json"))
    content = json.loads(path.read_text())
    path.chmod(0o644)
    path.write_text(json.dumps({**content, "version": 99}))

    outcome = project.run("--plan")

    reason = " ".join(outcome.out.split())
    assert outcome.code == 0, outcome.err
    assert "version: Input should be 4 [type=literal_error, input_value=99" in reason
    assert "Delete the folder to recompute it." in reason


def test_the_index_can_be_deleted(copied: Callable[[], Project]) -> None:
    project = copied()
    shutil.rmtree(project.folder / "mlruns" / ".runforest" / "index")

    outcome = project.run("--plan")

    assert outcome.out.count("reuse ") == len(TASKS), outcome.out


def test_forcing_a_task_leaves_the_old_result(copied: Callable[[], Project]) -> None:
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


def test_the_exit_code_of_a_plan_shows_whether_something_would_run(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    n_runs = len(project.runs())

    known = project.run("--plan", "--exit-code")
    new = project.run("--plan", "--exit-code", "--set", "Trainer.seed=5")

    assert (known.code, new.code) == (0, 1)
    assert len(project.runs()) == n_runs


SLOW_TASKS = '''"""A task that lasts as long as a file is there and is counted, and one after it."""

import os
import time
from pathlib import Path

import luigi

from runforest.run_task import RunTask, requires


class Slow(RunTask):
    """Slow."""

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        with Path(os.environ["COUNT"]).open("a") as out:
            out.write("x")
        while Path(os.environ["HOLD"]).exists():
            time.sleep(0.05)
        self.output().save("done")


@requires(Slow)
class Told(RunTask):
    """Told."""

    word = luigi.Parameter(default="")

    def output(self):
        return self.artifact("told.txt")

    def compute(self):
        self.output().save(self.word)
'''
WORD = ("--set", "RunConfig.task=Told", "--set")


class SlowProject:
    """A project of a slow task, with the switch that lets it end and the count of computations."""

    def __init__(self, project: Project, scratch: Path) -> None:
        self.project = project
        self.hold = scratch / "hold"
        self.count = scratch / "count"
        self.hold.touch()
        project.write("src/tasks/slow.py", SLOW_TASKS)
        project.configure('[RunConfig]\nexperiment_name = "slow"\ntask = "Slow"\n')
        project.environment |= {"COUNT": str(self.count), "HOLD": str(self.hold)}

    def start_two(self, *options: tuple[str, ...]) -> list[Started]:
        """Start a runner that computes, and one that waits for it."""
        first, second = options or ((), ())
        computing = self.project.start(*first)
        wait_until(self.count.exists)
        waiting = self.project.start("--set", "RunConfig.log_level=DEBUG", *second)
        waiting.wait_for("not acquired")
        return [computing, waiting]

    def words(self) -> set[str]:
        """Return the words of all runs."""
        files = [self.project.artifacts(run) / "Told/told.txt" for run in self.project.top_runs()]
        return {file.read_text(encoding="utf-8").strip() for file in files}


@pytest.fixture
def slow(project: Project, tmp_path: Path) -> SlowProject:
    return SlowProject(project, tmp_path)


@pytest.mark.slow
def test_of_two_runners_one_computes_and_the_other_waits(slow: SlowProject) -> None:
    both = slow.start_two()

    slow.hold.unlink()
    for process in both:
        process.communicate(timeout=120)

    assert [process.returncode for process in both] == [0, 0]
    assert slow.count.read_text() == "x"
    assert [run.info.status for run in slow.project.top_runs()] == ["FINISHED", "FINISHED"]


@pytest.mark.slow
def test_a_runner_that_waits_for_another_logs_it_once(slow: SlowProject) -> None:
    computing = slow.project.start()
    wait_until(slow.count.exists)
    waiting = slow.project.start()
    waiting.wait_for("another run")
    said = waiting.err

    slow.hold.unlink()
    computing.communicate(timeout=120)
    _, err = waiting.communicate(timeout=120)

    assert "INFO    Slow is being computed by another run: this one waits for it." in said
    assert err.count("another run") == 1
    assert waiting.returncode == 0


@pytest.mark.slow
def test_two_runners_of_different_configurations_share_what_is_equal_and_no_more(
    slow: SlowProject,
) -> None:
    both = slow.start_two((*WORD, "Told.word=left"), (*WORD, "Told.word=right"))

    slow.hold.unlink()
    for process in both:
        process.communicate(timeout=120)

    assert [process.returncode for process in both] == [0, 0]
    assert slow.count.read_text() == "x"
    assert slow.words() == {"left", "right"}


@pytest.mark.slow
def test_a_runner_that_waits_goes_on_when_the_one_that_computes_dies(slow: SlowProject) -> None:
    computing, waiting = slow.start_two()

    os.killpg(computing.pid, signal.SIGKILL)
    computing.communicate()
    slow.hold.unlink()
    waiting.communicate(timeout=120)

    assert waiting.returncode == 0
    assert slow.count.read_text() == "xx"
    assert statuses(slow.project) == {"Slow": "computed"}


@pytest.mark.slow
def test_a_runner_that_dies_holds_up_no_other(slow: SlowProject) -> None:
    first = slow.project.start()
    wait_until(slow.count.exists)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    slow.hold.unlink()

    outcome = slow.project.run(timeout_s=120)

    assert outcome.code == 0, outcome.err
    assert sorted(run.info.status for run in slow.project.top_runs()) == ["FINISHED", "KILLED"]
