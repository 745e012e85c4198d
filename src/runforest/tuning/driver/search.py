"""The driver of a study: it alone knows Optuna.

The study lives in memory. Units of work are pure functions (`work`) submitted to a
`concurrent.futures.Executor`: a whole trial where nothing prunes, otherwise a fold or a step of
the training. A worker that is free gets the next unit at once. Trials that start and trials that
end are written to a file, from which a later driver goes on.
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from runforest.executors import open_executor
from runforest.foundation.errors import StudyError
from runforest.tuning.driver.ask_tell import AskTell
from runforest.tuning.driver.schedules import make_schedule
from runforest.tuning.driver.trial_loop import Suggest, TrialLoop
from runforest.tuning.driver.work import FoldPlan, count_folds, share_table
from runforest.tuning.reporting.long_trials import LongTrialReporter, stop_on_interrupt
from runforest.tuning.reporting.study_log import StudyLog, study_key
from runforest.tuning.storage.resume import earlier_trials
from runforest.tuning.storage.study_file import (
    StudyFile,
    locked_study,
    quiet_optuna,
    record_of,
    store_trials,
)
from runforest.tuning.study.result import study_result
from runforest.tuning.study.spec import StudyResult, StudySpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.trial_record import TrialRecord

__all__ = ["Listener", "StudyError", "StudyResult", "StudySpec", "run_study", "run_task_study"]


class Listener(Protocol):
    """Records how a study goes; what a method raises ends the study."""

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Record the finished trials that the study goes on from, before any other."""

    def trial_is_long(self, running: RunningTrial) -> None:
        """Record a trial that has run for some seconds, in a thread of its own.

        What it raises ends the study once the running trials have finished.
        """

    def trial_finished(self, record: TrialRecord) -> None:
        """Record a finished trial."""


def run_task_study(
    task: Any,  # noqa: ANN401 - a tuner: a task with `executor`, `n_jobs`, `address`, `suggest`
    study: StudySpec,
    *,
    table: Path,
    output: Path,
) -> StudyResult:
    """Run the study of a task, or go on with it; see `run_study`."""
    key = study_key(task.ingredients())
    path = task.active_run.layout.studies / f"{key}.journal"
    with (
        locked_study(path, is_anew=task.is_forced) as study_file,
        open_executor(task.executor, task.n_jobs, address=task.address) as executor,
    ):
        return run_study(
            study=study,
            table=table,
            executor=executor,
            n_jobs=task.n_jobs,
            listener=StudyLog(task, key, study),
            suggest=task.suggest,
            study_file=study_file,
            output=output,
        )


def run_study(
    *,
    study: StudySpec,
    table: Path,
    executor: Executor,
    n_jobs: int,
    listener: Listener,
    suggest: Suggest,
    study_file: Path | None = None,
    output: Path | None = None,
) -> StudyResult:
    """Run the trials that are missing to `study.n_trials` and return all of them.

    The trials of a seed are the same each time on an executor that finishes them in a fixed order,
    for one `n_jobs`, the greatest number of trials at a time.

    Parameters
    ----------
    study
        It has been checked.
    table
        File of the preprocessed training rows: a frame of (n_rows, n_columns), the target among
        them and without missing values.
    listener, suggest
        Record a trial, and return its parameters, in this thread.
    study_file
        File of the study, which no one else writes; the finished trials that it holds count
        where they lie in the search space.
    output
        New file for the trials of the result, as Optuna reads them.

    Raises
    ------
    StudyError
        No trial is complete, the executor broke, or what was suggested cannot be recorded.
    """
    with quiet_optuna():
        if not study.n_folds:
            study = replace(study, n_counted_folds=count_folds(table, study))
        plan = FoldPlan(
            table=share_table(table, executor),
            target=study.target,
            id=study.id,
            splits=study.splits,
            estimator=study.estimator,
            columns=study.columns,
        )
        file = StudyFile(study_file, study.objectives) if study_file else None
        earlier = earlier_trials(file, study)
        loop = TrialLoop(
            study=study,
            schedule=make_schedule(study, plan),
            ask_tell=AskTell(study, earlier),
            executor=executor,
            suggest=suggest,
        )
        finished = list(earlier.finished)
        listener.study_started([record_of(trial) for trial in finished])
        _run_trials(loop, n_jobs, listener, file, finished)
        records = [record_of(trial) for trial in finished]
        result = study_result(records, loop.ask_tell.study, study)
        if output:
            store_trials(output, finished, study.objectives)
        return result


def _run_trials(
    loop: TrialLoop,
    n_jobs: int,
    listener: Listener,
    file: StudyFile | None,
    finished: list[FrozenTrial],
) -> None:
    """Run what is missing; add the trials as they finish."""
    with (
        stop_on_interrupt() as stop,
        LongTrialReporter(listener.trial_is_long, stop) as long_trials,
    ):

        def start(running: RunningTrial) -> None:
            if file:
                file.add_started(running.uid, running.trial.params)
            long_trials.add(running)

        trials = loop.finished(n_jobs, on_start=start, is_stopping=stop.is_set)
        with closing(trials), _broken_executor_explained(long_trials):
            for running in trials:
                long_trials.remove(running)
                record = running.record(len(finished), loop.study.objectives)
                finished.append(loop.ask_tell.tell(running.trial, record))
                if file:
                    file.add_finished(finished[-1])
                listener.trial_finished(record)
        if stop.is_set():
            raise KeyboardInterrupt


@contextmanager
def _broken_executor_explained(long_trials: LongTrialReporter) -> Iterator[None]:
    try:
        yield
    except BrokenExecutor as error:
        message = f"{error} {_KEPT}"
        if type(error).__name__ == "TerminatedWorkerError":  # loky's, which may not be imported.
            running = "; ".join(map(str, long_trials.params()))
            message = f"{_WORKER_DIED} {_KEPT} {_AGAIN.format(running)}"
        raise StudyError(message) from error


_KEPT = "The finished trials are stored; a run that is not forced goes on from them."
_WORKER_DIED = (
    "a worker process died, most likely for want of memory. Use fewer n_jobs, a smaller model or a "
    "smaller table."
)
_AGAIN = (
    "Those that ran are tried again first: {}. If one of them ends the study each time, narrow the "
    "search space so that it lies outside."
)
