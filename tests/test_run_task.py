"""A task's result is all that it wrote, committed at once, or nothing."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from typing import TYPE_CHECKING, TypeVar

import luigi
import numpy as np
import pytest
from luigi.configuration import get_config
from luigi.rpc import RPCError
from luigi.scheduler import Scheduler
from luigi.worker import Worker

from runforest.foundation.errors import ArtifactError
from runforest.results.manifest import read_manifest
from runforest.run.active import Run, RunSettings
from runforest.run.events import Event, MetricsLogged, ParamsLogged, TaskFailed
from runforest.run.journal import JournalReader
from runforest.run.task_log import load_points
from runforest.run_task import RunTask, WrapperRunTask, requires

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.results.artifacts import Artifact


class Mixed(RunTask):
    """Writes files, a folder and something that it does not declare."""

    text = luigi.Parameter(default="a")

    def output(self) -> dict[str, Artifact]:
        return {
            "text": self.artifact("text.txt"),
            "numbers": self.artifact("numbers.json"),
            "folder": self.artifact("folder"),
        }

    def compute(self) -> None:
        outputs = self.output()
        outputs["text"].save(self.text)
        outputs["numbers"].save([1, 2])
        outputs["folder"].path.mkdir()
        (outputs["folder"].path / "inside.txt").write_text("inside")
        self.artifact("extra/undeclared.txt").save("extra")


class Raising(RunTask):
    """Raises half way."""

    def output(self) -> dict[str, Artifact]:
        return {"first": self.artifact("first.txt"), "second": self.artifact("second.txt")}

    def compute(self) -> None:
        self.output()["first"].save("half")
        message = "half way"
        raise ValueError(message)


class Forgetful(RunTask):
    """Does not write what it declares."""

    def output(self) -> Artifact:
        return self.artifact("declared.csv")

    def compute(self) -> None:
        self.artifact("other.txt").save("other")


class Cleared(RunTask):
    """Has its staging removed by somebody while it computes."""

    def output(self) -> Artifact:
        return self.artifact("declared.txt")

    def compute(self) -> None:
        self.artifact("early.txt").save("early")
        shutil.rmtree(self.active_run.staging)
        self.output().save("late")


class Talking(RunTask):
    """Logs in every way."""

    def output(self) -> Artifact:
        return self.artifact("done.txt")

    def compute(self) -> None:
        self.log_metric("loss", 0.5, step=3)
        self.log_params({"colour": "blue", "depth": 2})
        self.report_progress(1, 4, "a quarter is done")
        self.output().save("done")


class Counting(RunTask):
    """Reports its progress fifty times."""

    def output(self) -> Artifact:
        return self.artifact("done.txt")

    def compute(self) -> None:
        for number in range(1, 51):
            self.report_progress(number, 50)
        self.output().save("done")


class Counted(Scheduler):
    """A scheduler that collects the percentages that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[int] = []

    def set_task_progress_percentage(self, task_id: str, percentage: int) -> None:  # noqa: ARG002  Luigi's.
        self.shown.append(percentage)


class Leaving(Counted):
    """A scheduler that goes away when it hears of progress."""

    def set_task_progress_percentage(self, task_id: str, percentage: int) -> None:
        super().set_task_progress_percentage(task_id, percentage)
        message = "nobody answers"
        raise RPCError(message)


class Plain(RunTask):
    """Logs one value of each metric, without a step."""

    def output(self) -> Artifact:
        return self.artifact("done.txt")

    def compute(self) -> None:
        self.log_metrics({"loss": 0.5, "gain": 0.25})
        self.output().save("done")


class Clashing(Talking):
    """Gives a file the name of the engine's history of metrics."""

    def compute(self) -> None:
        super().compute()
        self.artifact("metric_history.csv").path.write_text("mine")


@requires(Mixed)
class Seeded(RunTask):
    """Has a parameter of the same name as the task that it requires."""

    text = luigi.Parameter(default="b")

    def output(self) -> Artifact:
        return self.artifact("copy.txt")

    def compute(self) -> None:
        self.output().save(self.input()["text"].load() + self.text)


@requires(Seeded, Mixed)
class Both(WrapperRunTask):
    """Wraps two tasks."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run without a tracking store."""
    settings = RunSettings(
        project=str(tmp_path),
        run_id="r1",
        config_file=str(tmp_path / "luigi.toml"),
        page="http://localhost:5000/#/experiments/1/runs/r1",
    )
    (tmp_path / "luigi.toml").write_text('[Mixed]\ntext = "configured"\n')
    run = Run(tmp_path / "mlruns" / "experiment" / "r1", settings)
    run.save()
    return run


EventT = TypeVar("EventT", bound=Event)


def events(run: Run, kind: type[EventT]) -> list[EventT]:
    written = JournalReader(run.journal_path).next_piece(limit=1000) or []
    return [event for event in written if isinstance(event, kind)]


def shown_progress(task: RunTask, scheduler: Counted) -> list[int]:
    """Let a worker of Luigi run the task; return the percentages that the scheduler heard."""
    with Worker(scheduler=scheduler, worker_id="w", no_install_shutdown_handler=True) as worker:
        worker.add(task)
        worker.run()
    return scheduler.shown


def test_a_result_is_every_file_that_was_written_declared_or_not(run: Run) -> None:
    task = Mixed(active_run=run, text="a")

    task.run()

    manifest = read_manifest(task.result_folder)
    assert manifest is not None
    assert set(manifest.outputs) == {
        "text.txt",
        "numbers.json",
        "folder/inside.txt",
        "extra/undeclared.txt",
    }
    assert manifest.outputs["text.txt"].sha256 == hashlib.sha256(b"a").hexdigest()
    assert manifest.run_id == "r1"
    assert task.complete()
    assert task.output()["numbers"].load() == [1, 2]


def test_a_committed_file_cannot_be_changed_by_mistake(run: Run) -> None:
    task = Mixed(active_run=run, text="a")

    task.run()

    assert task.output()["text"].path.stat().st_mode & 0o222 == 0


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        (Raising, "half way"),
        (Forgetful, r"declared\.csv.*Save it, or take it out of output\(\)"),
        (Cleared, "was removed or replaced while the task computed"),
        (Clashing, r"metric_history\.csv is a file that .* Give the file another name"),
    ],
)
def test_a_task_that_fails_leaves_nothing_that_counts(
    run: Run, task: type[RunTask], remedy: str
) -> None:
    failing = task(active_run=run)

    with pytest.raises((ValueError, ArtifactError), match=remedy):
        failing.run()

    assert not failing.complete()
    assert not failing.result_folder.exists()
    assert not (run.staging / failing.folder_name).exists()
    assert [event.task for event in events(run, TaskFailed)] == [task.__name__]


def test_two_instances_of_a_task_have_folders_of_their_own(run: Run) -> None:
    tasks = [Mixed(active_run=run, text=text) for text in ("a", "b", "a/b", "x" * 200)]

    for task in tasks:
        task.run()

    assert len({task.result_folder for task in tasks}) == 4
    assert [task.output()["text"].load() for task in tasks] == ["a", "b", "a/b", "x" * 200]
    assert all(task.result_folder.parent == run.artifacts for task in tasks)


def test_building_a_task_writes_nothing(run: Run) -> None:
    before = sorted(run.folder.rglob("*"))

    task = Both(active_run=run)
    task.requires()
    task.complete()

    assert sorted(run.folder.rglob("*")) == before


def test_a_requirement_gets_the_run_and_no_other_parameter(run: Run) -> None:
    task = Seeded(active_run=run, text="mine")

    needed = task.requires()

    assert needed.active_run == run
    assert needed.text == "a"


def test_a_consumer_reads_what_the_producer_declares(run: Run) -> None:
    task = Seeded(active_run=run, text="b")
    task.requires().run()

    task.run()

    assert task.output().load() == "ab"


def test_a_wrapper_is_complete_when_all_that_it_requires_is(run: Run) -> None:
    wrapper = Both(active_run=run)
    before = wrapper.complete()
    for task in (Mixed(active_run=run), Seeded(active_run=run)):
        task.run()

    assert (before, wrapper.complete()) == (False, True)


def test_what_a_task_logs_stands_in_the_journal_and_in_the_manifest(run: Run) -> None:
    task = Talking(active_run=run)

    task.run()

    (metrics,), (params,) = events(run, MetricsLogged), events(run, ParamsLogged)
    assert (metrics.values, metrics.step) == ({"loss": 0.5}, 3)
    assert params.values == {"Talking.colour": "blue", "Talking.depth": "2"}
    manifest = read_manifest(task.result_folder)
    assert manifest is not None
    assert manifest.metrics == {"loss": 0.5}
    assert manifest.params == {"colour": "blue", "depth": "2"}


def test_metrics_are_recorded_with_their_steps_and_no_file_is_written_for_one_value_each(
    run: Run,
) -> None:
    stepping, plain = Talking(active_run=run), Plain(active_run=run)

    stepping.run()
    plain.run()

    manifests = read_manifest(stepping.result_folder), read_manifest(plain.result_folder)
    assert [one.has_history for one in manifests if one] == [True, False]
    assert [one.outputs.keys() for one in manifests if one] == [
        {"done.txt", "metric_history.csv"},
        {"done.txt"},
    ]
    (point,) = load_points(stepping.result_folder / "metric_history.csv")
    assert point[:3] == ("loss", 3, 0.5)


@pytest.mark.parametrize("step", [2, 2.0, np.int64(2), np.float64(2)])
def test_the_step_of_a_metric_is_a_whole_number_of_any_type(run: Run, step: int) -> None:
    Talking(active_run=run).log_metric("loss", 0.5, step=step)

    (metrics,) = events(run, MetricsLogged)
    assert repr(metrics.step) == "2"


@pytest.mark.parametrize("step", [0.5, float("nan"), float("inf"), None, "2"])
def test_a_step_that_is_no_whole_number_is_refused_where_it_is_logged(run: Run, step: int) -> None:
    task = Talking(active_run=run)

    with pytest.raises(ValueError, match=r"must be a whole number, got .* Count the steps"):
        task.log_metric("loss", 0.5, step=step)

    assert events(run, MetricsLogged) == []


def test_luigi_shows_progress_and_a_link_to_the_run(run: Run) -> None:
    scheduler = Scheduler()
    task = Talking(active_run=run)

    with Worker(scheduler=scheduler, worker_id="w", no_install_shutdown_handler=True) as worker:
        worker.add(task)
        worker.run()

    shown = scheduler.task_list("DONE", "")[task.task_id]
    assert shown["tracking_url"] == run.settings.page
    assert shown["status_message"] == "a quarter is done"
    assert scheduler.get_task_progress_percentage(task.task_id)["progressPercentage"] == 25


def test_progress_is_shown_once_a_second_at_most_and_at_the_end(run: Run) -> None:
    shown = shown_progress(Counting(active_run=run), Counted())

    assert shown == [2, 100]


def test_a_task_outlives_luigis_scheduler(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    task = Counting(active_run=run)

    shown = shown_progress(task, Leaving())

    assert shown == [2]
    assert task.complete()
    logged = "Luigi's page does not show the progress any more: nobody answers"
    assert [text for text in caplog.messages if "progress" in text] == [logged]


def test_a_task_can_be_sent_to_another_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_config("toml"), "data", {})  # receiving a task sets it; put it back
    task = Mixed(active_run=run, text="sent")

    received = pickle.loads(pickle.dumps(task))

    assert received == task
    assert received.active_run.settings == run.settings


def test_the_parameter_of_a_run_is_read_back_from_its_text(run: Run) -> None:
    task = Mixed(active_run=run, text="a")

    again = Mixed.from_str_params(task.to_str_params())

    assert again.active_run.settings == run.settings
    assert json.loads((run.folder / "run.json").read_text())["run_id"] == "r1"
