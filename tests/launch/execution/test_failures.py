"""A task that fails makes the run FAILED; nothing half-written counts, the others go on."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Outcome, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

    from tests.conftest import Project

pytestmark = pytest.mark.slow

FAILING = """\
import os
import signal

from runforest.run_task import RunTask, WrapperRunTask, requires


class Raising(RunTask):
    def output(self):
        return {"first": self.artifact("first.txt"), "second": self.artifact("second.txt")}

    def compute(self):
        self.output()["first"].save("half of it")
        raise ValueError("the second half is missing\\n  of the text\\nWrite it.")


@requires(Raising)
class Below(RunTask):
    def output(self):
        return self.artifact("below.txt")


class Forgetful(RunTask):
    def output(self):
        return {"kept": self.artifact("kept.txt"), "forgotten": self.artifact("forgotten.csv")}

    def compute(self):
        self.output()["kept"].save("kept")


class Killed(RunTask):
    def output(self):
        return self.artifact("never.txt")

    def compute(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Sound(RunTask):
    def output(self):
        return self.artifact("sound.txt")

    def compute(self):
        self.output().save("sound")


@requires(Sound, Below, Forgetful, Killed)
class Everything(WrapperRunTask):
    pass
"""

FLAKY = """\
from runforest.run_task import RunTask, requires


class Flaky(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        counter = self.active_run.project / "attempts.txt"
        number = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(number))
        if number < 3:
            raise ValueError(f"not at attempt {number}")
        self.output().save("done")


@requires(Flaky)
class After(RunTask):
    def output(self):
        return self.artifact("after.txt")

    def compute(self):
        self.output().save(self.input().load())
"""

RETRYING = """\
[RunConfig]
task = "After"
workers = 2
[scheduler]
retry_count = 3
retry_delay = 0
"""

FILLING = """\
from runforest.run_task import RunTask


class Filling(RunTask):
    def output(self):
        return self.artifact("large.bin")

    def compute(self):
        with self.output().path.open("wb") as target:
            for _ in range(64):
                target.write(bytes(1 << 20))
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> tuple[Project, Outcome]:
    """Return a project whose tasks failed in every way, and what the program said."""
    project = make_project(tmp_path_factory.mktemp("broken") / "project", empty_store)
    project.write("src/tasks/failing.py", FAILING)
    outcome = project.run("--set", "RunConfig.task=Everything", "--set", "RunConfig.workers=2")
    return project, outcome


@pytest.fixture(scope="module")
def run(broken: tuple[Project, Outcome]) -> MlflowRun:
    return broken[0].top_runs()[0]


@pytest.fixture(scope="module")
def artifacts(broken: tuple[Project, Outcome], run: MlflowRun) -> Path:
    return broken[0].artifacts(run)


def test_a_failed_task_makes_the_run_failed(
    broken: tuple[Project, Outcome], run: MlflowRun
) -> None:
    project, outcome = broken

    assert outcome.code == 1
    assert run.info.status == "FAILED"
    assert len(project.runs()) == 1


@pytest.mark.parametrize("task", ["Raising", "Forgetful", "Killed", "Below"])
def test_nothing_of_a_failed_task_counts(artifacts: Path, task: str) -> None:
    assert not (artifacts / task).exists()
    assert not (artifacts.parent / "staging").exists()


def test_a_task_that_does_not_depend_on_the_failed_ones_is_completed(
    broken: tuple[Project, Outcome], run: MlflowRun
) -> None:
    assert set(broken[0].manifest(run, "Sound")["outputs"]) == {"sound.txt"}


def test_the_traceback_of_a_raising_task_is_an_artifact(artifacts: Path) -> None:
    text = (artifacts / "errors" / "Raising.txt").read_text()

    assert text.startswith("Traceback")
    assert text.rstrip().endswith(
        "ValueError: the second half is missing\n  of the text\nWrite it."
    )


def test_a_forgotten_output_is_named_with_its_remedy(artifacts: Path) -> None:
    text = (artifacts / "errors" / "Forgetful.txt").read_text()

    assert "forgotten.csv" in text
    assert "Save it, or take it out of output()." in text


def test_a_killed_worker_is_explained(artifacts: Path) -> None:
    assert "killed by a signal" in (artifacts / "errors" / "Killed.txt").read_text()


def test_a_task_that_never_ran_has_no_traceback(artifacts: Path) -> None:
    assert not (artifacts / "errors" / "Below.txt").exists()


def test_the_statuses_of_failed_and_complete_tasks_differ(artifacts: Path) -> None:
    statuses = json.loads((artifacts / "tasks.json").read_text())

    assert {name: fact["status"] for name, fact in statuses.items()} == {
        "Sound": "computed",
        "Raising": "failed",
        "Forgetful": "failed",
        "Killed": "failed",
    }


def test_the_summary_names_each_failure_and_its_traceback(
    broken: tuple[Project, Outcome], artifacts: Path
) -> None:
    out = broken[1].out

    assert "Raising: ValueError: the second half is missing\n" in out
    assert str(artifacts / "errors" / "Raising.txt") in out
    assert "not run" in next(line for line in out.splitlines() if "Below" in line)


def test_the_program_prints_no_traceback(broken: tuple[Project, Outcome]) -> None:
    assert "Traceback" not in broken[1].out + broken[1].err


@pytest.fixture
def small_disk(project: Project) -> Iterator[Project]:
    """Return a project whose output folder is a file system of 16 MB."""
    folder = project.folder / "mlruns"
    store = (folder / "mlflow.db").read_bytes()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not permitted here")
    try:
        (folder / "mlflow.db").write_bytes(store)
        yield project
    finally:
        # Lazily, since this process still holds connections to the store.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_fails_the_task_and_closes_the_run(small_disk: Project) -> None:
    small_disk.write("src/tasks/filling.py", FILLING)

    outcome = small_disk.run("--set", "RunConfig.task=Filling")

    run = small_disk.top_runs()[0]
    artifacts = small_disk.artifacts(run)
    assert outcome.code == 1
    assert "No space left on device" in outcome.out
    assert "Traceback" not in outcome.out + outcome.err
    assert run.info.status == "FAILED"
    assert not (artifacts / "Filling").exists()
    assert "No space left on device" in (artifacts / "errors" / "Filling.txt").read_text()


def test_a_task_that_succeeds_at_its_third_attempt_finishes_the_run(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_project(tmp_path / "project", empty_store)
    project.write("src/tasks/flaky.py", FLAKY)
    project.configure(RETRYING)

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    (run,) = project.runs()
    assert run.info.status == "FINISHED"
    assert "attempt 3" in next(line for line in outcome.out.splitlines() if "Flaky" in line)
    log = (project.artifacts(run) / "console.log").read_text(encoding="utf-8")
    assert log.count("Flaky failed: ValueError: not at attempt") == 2
