"""An interrupted execution ends at once, its run KILLED, and leaves nothing half done."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Project
    from tests.warm import Started

pytestmark = pytest.mark.slow

ENDLESS = ("--set", "Trainer.params.n_estimators=10", "--set", "Tuner.n_trials=100000")
TINY = """\
from runforest.run_task import RunTask


class Tiny(RunTask):
    def output(self):
        return self.artifact("tiny.txt")

    def compute(self):
        self.output().save("tiny")
"""


@contextmanager
def tuning(project: Project, *options: str) -> Iterator[Started]:
    """Start an experiment and lend its process when a trial of it is recorded."""
    process = project.start(*ENDLESS, *options)
    try:
        wait_until(lambda: len(project.runs()) > 1)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def processes_of(group: int) -> list[int]:
    """Return the living processes of a process group."""
    found = []
    for process in psutil.process_iter(["status"]):
        try:
            is_member = os.getpgid(process.pid) == group
        except ProcessLookupError:
            continue
        if is_member and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


@pytest.mark.parametrize(
    ("number", "options"),
    [
        (signal.SIGINT, ("--set", "RunConfig.workers=1")),
        (signal.SIGTERM, ("--set", "RunConfig.workers=1")),
        (signal.SIGINT, ("--set", "RunConfig.workers=3")),
        (signal.SIGTERM, ("--set", "RunConfig.workers=3")),
        (signal.SIGINT, ("--set", "Tuner.executor=processes", "--set", "Tuner.n_jobs=2")),
        (signal.SIGTERM, ("--set", "Tuner.executor=processes", "--set", "Tuner.n_jobs=2")),
    ],
    ids=["int-1", "term-1", "int-3", "term-3", "int-processes", "term-processes"],
)
def test_a_signal_during_the_search_ends_the_run_as_killed(
    project: Project, number: signal.Signals, options: tuple[str, ...]
) -> None:
    with tuning(project, *options) as process:
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # Ctrl-C reaches every process of the terminal's group
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=30)

    run = project.top_runs()[0]
    artifacts = project.artifacts(run)
    assert process.returncode == 130
    assert run.info.status == "KILLED"
    assert "RUNNING" not in {child.info.status for child in project.children(run)}
    assert not (artifacts.parent / "staging").exists()
    assert not (artifacts / "Tuner").exists()
    assert (artifacts / "Preprocessor" / "manifest.json").exists()
    assert "Traceback" not in out + err, out + err
    assert "interrupted" in next(line for line in out.splitlines() if "Tuner" in line)
    wait_until(lambda: not processes_of(process.pid), timeout_s=30)


COMMAND = """\
import sys

from runforest.launch.cli import main

sys.exit(main(["reference"]))
"""


@pytest.mark.parametrize(
    ("program", "told"),
    [("", "Interrupted before a run was opened.\n"), (COMMAND, "Interrupted.\n")],
    ids=["runner", "command"],
)
def test_an_interrupt_before_the_run_is_opened_leaves_no_run(
    project: Project, program: str, told: str
) -> None:
    marker = project.folder / "importing"
    project.write(
        "src/tasks/slow.py",
        f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(60)\n",
    )
    if program:
        project.write("src/runner.py", program)
    process = project.start()
    wait_until(marker.exists)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert (out, err) == ("", told)
    assert project.runs() == []


def test_the_next_start_closes_a_run_that_was_killed_without_warning(project: Project) -> None:
    project.write("src/tasks/tiny.py", TINY)
    with tuning(project) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    stale = project.top_runs()[0]
    open_child = project.client.create_run(
        stale.info.experiment_id, tags={"mlflow.parentRunId": stale.info.run_id}
    )
    staging = project.artifacts(stale).parent / "staging"
    assert stale.info.status == "RUNNING"
    assert staging.exists()

    outcome = project.run("--set", "RunConfig.task=Tiny")

    assert outcome.code == 0, outcome.err
    assert project.client.get_run(stale.info.run_id).info.status == "KILLED"
    assert project.client.get_run(open_child.info.run_id).info.status == "KILLED"
    assert not staging.exists()
    assert project.manifest(stale, "Preprocessor")


INTERRUPTED = """\
import os
import signal

from runforest.run_task import RunTask


class Interrupted(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        for value in (1, 2):
            self.log_param("x", value)  # which MLflow refuses
        os.kill(os.getpid(), signal.SIGINT)
"""


def test_an_interrupted_run_is_killed_though_its_record_is_incomplete(project: Project) -> None:
    project.write("src/tasks/interrupted.py", INTERRUPTED)

    outcome = project.run("--set", "RunConfig.task=Interrupted")

    (run,) = project.top_runs()
    assert (outcome.code, run.info.status) == (130, "KILLED")
    assert "the run could not be recorded completely" in outcome.err
    assert "Traceback" not in outcome.out + outcome.err


CONVERTING = """\
import os
import signal

from runforest.run_task import RunTask, WrapperRunTask, requires


class Converting(RunTask):
    priority = 1

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                pass
        except KeyboardInterrupt:
            raise RuntimeError("did not possess lock")


class Independent(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.output().save("done")


@requires(Converting, Independent)
class Both(WrapperRunTask):
    pass
"""


def test_an_interrupt_that_a_library_turns_into_an_error_ends_the_run_at_once(
    project: Project,
) -> None:
    project.write("src/tasks/converting.py", CONVERTING)

    outcome = project.run("--set", "RunConfig.task=Both")

    (run,) = project.top_runs()
    assert (outcome.code, run.info.status) == (130, "KILLED")
    assert not (project.artifacts(run) / "Independent").exists()
    assert "Traceback" not in outcome.out + outcome.err


SLOW = """\
import pathlib
import time

from sklearn.linear_model import RidgeClassifier

HERE = pathlib.Path(__file__).parent


class Slow(RidgeClassifier):
    def fit(self, X, y):
        (HERE / "fitting").touch()
        while not (HERE / "go").exists():
            time.sleep(0.05)
        return super().fit(X, y)
"""
SLOW_SPACE = """\
[RunConfig]
experiment_name = "titanic"
task = "Tuner"
[PathConfig]
input = "input/titanic"
[Preprocessor]
drop_columns = ["Name", "Ticket", "Cabin"]
[Trainer]
estimator = "tasks.slow.Slow"
[Tuner]
n_trials = 5
n_folds = 2
[Tuner.search_space]
alpha = [0.1, 1.0, 10.0]
"""


@contextmanager
def fitting(project: Project, *options: str) -> Iterator[Started]:
    """Start a search whose first fit waits for a file `go`, and lend its process."""
    project.write("src/tasks/slow.py", SLOW)
    project.configure(SLOW_SPACE)
    process = project.start(*options)
    try:
        wait_until((project.folder / "src" / "tasks" / "fitting").exists)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_the_first_interrupt_lets_the_running_trial_finish(project: Project, executor: str) -> None:
    with fitting(project, "--set", f"Tuner.executor={executor}") as process:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None
        project.write("src/tasks/go", "")
        out, err = process.communicate(timeout=60)

    run = project.top_runs()[0]
    assert process.returncode == 130
    assert run.info.status == "KILLED"
    assert [child.info.status for child in project.children(run)] == ["FINISHED"]
    assert "Ctrl-C again stops at once" in err
    assert "Traceback" not in out + err


STARTING = """\
import pathlib
import sys
import time

if any("popen_loky" in part for part in sys.orig_argv):
    pathlib.Path(__file__).with_name("starting").touch()
    time.sleep(2)
"""


def test_an_interrupt_while_workers_start_lets_the_running_trials_finish(project: Project) -> None:
    site = project.write("site/sitecustomize.py", STARTING).parent
    project.environment = {"PYTHONPATH": str(site)}
    project.write("src/tasks/slow.py", SLOW)
    project.write("src/tasks/go", "")
    project.configure(SLOW_SPACE)
    process = project.start("--set", "Tuner.executor=processes", "--set", "Tuner.n_jobs=2")
    wait_until((site / "starting").exists)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)

    run = project.top_runs()[0]
    assert process.returncode == 130, err
    assert run.info.status == "KILLED"
    assert {child.info.status for child in project.children(run)} == {"FINISHED"}
    assert "Traceback" not in out + err
    wait_until(lambda: not processes_of(process.pid), timeout_s=30)


def test_the_second_interrupt_stops_at_once(project: Project) -> None:
    with fitting(project) as process:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)

    run = project.top_runs()[0]
    assert process.returncode == 130
    assert run.info.status == "KILLED"
    assert project.children(run) == []
    assert "Traceback" not in out + err


def test_the_first_interrupt_stops_a_tuner_in_a_process_of_its_own(project: Project) -> None:
    with fitting(project, "--set", "RunConfig.workers=2") as process:
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)

    run = project.top_runs()[0]
    assert process.returncode == 130
    assert run.info.status == "KILLED"
    assert project.children(run) == []
    assert "Traceback" not in out + err
