"""Executing an experiment: open the run, let Luigi build its task, close the run."""

from __future__ import annotations

import functools
import json
import logging
import multiprocessing
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import luigi

from runforest.errors import StoreError
from runforest.launch.console import ConsoleLog
from runforest.launch.graph import root_task
from runforest.launch.logs import set_up_logging
from runforest.launch.open import OpenExperiment, open_experiment
from runforest.launch.signals import interruptible, uninterrupted
from runforest.provenance.redact import redact
from runforest.tracking.recorder import Recorder
from runforest.tracking.runs import close_run, tag_tasks
from runforest.tracking.transfer import upload_files

if TYPE_CHECKING:
    from runforest.journal import Entry
    from runforest.launch.experiment import Experiment
    from runforest.tracking.outcome import TaskOutcome

logger = logging.getLogger(__name__)

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"


@dataclass(kw_only=True)
class Execution:
    """What an execution came to, for the summary and the exit code."""

    status: str = FAILED
    outcomes: dict[str, TaskOutcome] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)  # the last value of each
    duration_s: float = 0.0


def execute(experiment: Experiment) -> tuple[OpenExperiment, Execution]:
    """Run an experiment and return its run and what came of it.

    Raises
    ------
    StoreError
        The store cannot be used, or the run could not be recorded completely.
    """
    clock = time.perf_counter()
    execution = Execution()
    with interruptible():
        opened = open_experiment(experiment)
        recorder = Recorder(
            opened.client,
            opened.run,
            opened.record,
            on_entry=functools.partial(_on_entry, execution),
        )
        try:
            with ConsoleLog(opened.run.artifacts / "console.log", experiment.environment.secrets):
                set_up_logging(experiment.config.log_level)
                recorder.start()
                execution.status = FINISHED if _build(experiment, opened) else FAILED
        except KeyboardInterrupt:
            execution.status = KILLED
        finally:
            with uninterrupted():
                _close(experiment, opened, recorder, execution, clock)
    return opened, execution


def _build(experiment: Experiment, opened: OpenExperiment) -> bool:
    """Let Luigi complete the task; return whether it did."""
    config = experiment.config
    if config.start_method:
        multiprocessing.set_start_method(config.start_method, force=True)
    root = root_task(config.task, opened.run)
    scheduler = (
        {"scheduler_url": config.scheduler} if config.scheduler else {"local_scheduler": True}
    )
    result = luigi.build(
        [root],
        workers=config.workers,
        detailed_summary=True,
        **scheduler,
    )
    return bool(result.scheduling_succeeded) and root.complete()


def _close(
    experiment: Experiment,
    opened: OpenExperiment,
    recorder: Recorder,
    execution: Execution,
    clock: float,
) -> None:
    """Record the rest and give the run its status, whatever happened before."""
    shutil.rmtree(opened.run.staging, ignore_errors=True)
    try:
        recorder.close()
    except StoreError:
        execution.status = FAILED
        raise
    finally:
        execution.outcomes = recorder.outcomes
        execution.duration_s = time.perf_counter() - clock
        _blame_lost_workers(execution)
        _write_last_records(experiment, opened, execution)
        tag_tasks(opened.client, opened.record.run_id, execution.outcomes)
        close_run(opened.client, opened.record.run_id, execution.status)


def _blame_lost_workers(execution: Execution) -> None:
    """Say of a task that started and neither committed nor failed that its process died."""
    if execution.status != FAILED:
        return
    for outcome in execution.outcomes.values():
        if outcome.status == "started":
            outcome.status = "failed"
            outcome.traceback = (
                "The worker process of this task died without a word: killed by a signal, or by "
                "the system for want of memory. Run again to go on from the last committed task.\n"
            )


def _write_last_records(
    experiment: Experiment, opened: OpenExperiment, execution: Execution
) -> None:
    """Write the tasks' fates and tracebacks; upload what the store has not got yet."""
    artifacts = opened.run.artifacts
    facts = {
        name: {"status": outcome.status, "duration_s": round(outcome.duration_s, 3)}
        for name, outcome in execution.outcomes.items()
    }
    try:
        (artifacts / "tasks.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        for name, outcome in execution.outcomes.items():
            if outcome.traceback:
                path = artifacts / "errors" / f"{name}.txt"
                path.parent.mkdir(exist_ok=True)
                text = redact(outcome.traceback, experiment.environment.secrets)
                path.write_text(text, encoding="utf-8")
        if opened.record.local_folder is None:
            late = [artifacts / "console.log", artifacts / "tasks.json"]
            late += sorted((artifacts / "errors").glob("*.txt"))
            upload_files(opened.record.artifact_uri, artifacts, late)
    except OSError as error:  # a full disk must not keep the run from being closed
        logger.error("The last records of the run could not be written: %s", error)  # noqa: TRY400


def _on_entry(execution: Execution, entry: Entry) -> None:
    """Keep what the summary tells, and say on the console how the run goes on."""
    values = entry.get("values")
    if entry["event"] == "metrics" and isinstance(values, dict):
        execution.metrics.update(values)
    message = _MESSAGES.get(str(entry["event"]))
    if message:
        logger.info(message.format(**entry))
    if entry["event"] == "trial":
        logger.info(_trial_line(entry))


_MESSAGES = {
    "started": "{task} started",
    "committed": "{task} computed in {duration_s:.2f} s",
    "failed": "{task} failed",
}


def _trial_line(entry: Entry) -> str:
    value, params = entry["value"], entry["params"]
    score = f" {value:.4f}" if isinstance(value, float) else ""
    shown = params.items() if isinstance(params, dict) else ()
    chosen = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in shown
    )
    return f"{entry['task']} trial {entry['number']} {entry['state']}{score} ({chosen})"
