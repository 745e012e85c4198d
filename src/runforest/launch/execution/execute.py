"""Executing an experiment: open the run, reuse what is known, let Luigi build the rest, close."""

from __future__ import annotations

import functools
import gc
import logging
import multiprocessing
import time
from typing import TYPE_CHECKING

import luigi

from runforest.foundation.errors import (
    ArtifactError,
    ConfigError,
    Problem,
    cause_raised,
    causes,
    error_line,
)
from runforest.foundation.layout import CONFIG_NAME
from runforest.launch.execution.closing import Execution, close_execution
from runforest.launch.execution.open import OpenExperiment, open_experiment
from runforest.launch.execution.signals import interruptible, uninterrupted
from runforest.launch.experiment.graph import root_task
from runforest.launch.terminal.console import ConsoleLog, set_up_logging
from runforest.launch.terminal.progress import Progress
from runforest.run.events import (
    MetricsLogged,
    TaskCommitted,
    TaskFailed,
    TaskReused,
    TaskStarted,
)
from runforest.tracking.lifecycle.open_close import closed_on_error
from runforest.tracking.lifecycle.outcome import TaskOutcome
from runforest.tracking.recorder.thread import Recorder
from runforest.tracking.store.uri import hide_password

if TYPE_CHECKING:
    from runforest.launch.experiment.load import Experiment
    from runforest.run.active import Run
    from runforest.run.events import Event

logger = logging.getLogger(__name__)

SCHEDULER_TIMEOUT_S = 5.0


def execute(experiment: Experiment) -> tuple[OpenExperiment, Execution]:
    """Run an experiment and return its run and what came of it."""
    if any(planned.action == "run" for planned in experiment.plan):
        check_scheduler(experiment.config.scheduler)
    clock = time.perf_counter()
    execution, progress = Execution(), Progress()
    with interruptible():
        opened = open_experiment(experiment)
        gc.freeze()  # all that was imported; at the exit too, the collector would go through it
        with closed_on_error(opened.client, opened.record):
            recorder = Recorder(
                opened.client,
                opened.run,
                opened.record,
                on_event=functools.partial(_on_event, execution, progress),
            )
        log_file, secrets = opened.run.artifacts / "console.log", experiment.environment.secrets
        try:
            with cause_raised(KeyboardInterrupt), ConsoleLog(log_file, secrets) as console:
                set_up_logging(experiment.config.log_level)
                if opened.commit.note:
                    logger.info(opened.commit.note)
                for note in experiment.dataset.notes:
                    logger.log(logging.WARNING if note.is_warning else logging.INFO, note.text)
                with progress.shown_on(console):
                    recorder.start()
                    try:
                        if _complete(experiment, opened.run):
                            execution.status = "FINISHED"
                    finally:
                        recorder.stop()  # what it logs of the last tasks belongs into the file
        except KeyboardInterrupt:
            execution.status = "KILLED"
        finally:
            with uninterrupted():
                close_execution(experiment, opened, recorder, execution, clock)
    return opened, execution


def check_scheduler(url: str) -> None:
    """Raise ConfigError if a central scheduler does not answer: Luigi would try for a minute."""
    if not url:
        return
    import requests

    try:
        answer = requests.get(
            f"{url.rstrip('/')}/api/has_task_history", timeout=SCHEDULER_TIMEOUT_S
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        message = (
            f"no Luigi scheduler answers at {url} ({[*causes(error)][-1]}). Start it with "
            "`luigid`, correct the address, or leave it empty for one inside the process."
        )
        where = f"{CONFIG_NAME} [RunConfig]"
        problem = Problem(where=where, key="scheduler", message=hide_password(message))
        raise ConfigError([problem]) from None


def _complete(experiment: Experiment, run: Run) -> bool:
    """Complete the experiment's task; return whether that succeeded.

    What Luigi returns is no use: it is false where a task failed, though a later attempt succeeded.
    """
    _adopt_planned(experiment, run)
    config = experiment.config
    root = root_task(config.task, run)
    if not root.complete():
        if config.start_method:
            multiprocessing.set_start_method(config.start_method, force=True)
        scheduler = (
            {"scheduler_url": config.scheduler} if config.scheduler else {"local_scheduler": True}
        )
        luigi.build([root], workers=config.workers, **scheduler)
    return root.complete()


def _adopt_planned(experiment: Experiment, run: Run) -> None:
    """Take the results that the plan found, without a scheduler.

    What comes after a task that has to be computed is looked up by that task's successors
    themselves, since it depends on what comes out. So is what comes after a result that was
    removed since the plan was made: Luigi completes nothing below a task that is complete.
    """
    lost: set[str] = set()
    for planned in experiment.plan:
        if planned.action == "pinned":
            continue
        if any(needed.folder_name in lost for needed in planned.task.upstream):
            lost.add(planned.name)
        elif planned.action == "reuse" and planned.result:
            try:
                planned.task.adopt(planned.result, run)
            except (ArtifactError, OSError) as error:
                logger.warning("%s cannot be reused: %s", planned.name, error)
                lost.add(planned.name)


def _on_event(execution: Execution, progress: Progress, event: Event) -> None:
    """Collect metrics and outcomes for the summary, and log how the run goes on."""
    progress.on_event(event)
    match event:
        case MetricsLogged(values=metrics):
            execution.metrics.update(metrics)
        case TaskStarted(task=task):
            execution.note(task, TaskOutcome(status="started"))
            logger.info("%s started", task)
        case TaskCommitted(task=task, duration_s=duration_s):
            execution.note(task, TaskOutcome(status="computed", duration_s=duration_s))
            logger.info("%s computed in %.2f s", task, duration_s)
        case TaskReused(task=task, reused_from=origin):
            execution.metrics.update(event.metrics)
            execution.note(task, TaskOutcome(status="reused", reused_from=origin))
            logger.info("%s reused from run %s", task, origin)
        case TaskFailed(task=task, traceback=traceback):
            execution.note(task, TaskOutcome(status="failed", traceback=traceback))
            logger.info("%s failed: %s", task, error_line(traceback))
