"""The driver of a study: it alone knows Optuna, asks for trials and tells their scores.

The study lives in memory. Units of work are pure functions (`work`) submitted to a
`concurrent.futures.Executor`: a whole trial where nothing prunes, otherwise a fold or a step of
the training. A worker that is free gets the next unit at once. What is asked and what is finished
goes to a journal, from which a later driver goes on.
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from runforest.tuning.driver.ask_tell import AskTell
from runforest.tuning.driver.schedules import make_schedule
from runforest.tuning.driver.trial_loop import Flights, Suggest
from runforest.tuning.driver.work import FoldPlan, share_table
from runforest.tuning.long_trials import Airborne, stop_on_interrupt
from runforest.tuning.storage.resume import earlier_trials
from runforest.tuning.storage.study_file import (
    STUDY_NAME,
    StudyJournal,
    quiet_optuna,
    record_of,
    store_trials,
)
from runforest.tuning.study.result import study_result
from runforest.tuning.study.spec import StudyError, StudyResult, StudySpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runforest.tuning.driver.running_trial import Flight
    from runforest.tuning.study.trial_record import TrialRecord

__all__ = ["Listener", "StudyError", "StudyResult", "StudySpec", "run_study"]


class Listener(Protocol):
    """Who is told how a study goes; what a method raises ends the study."""

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Hear of the finished trials that the study goes on from, before any other."""

    def trial_is_long(self, flight: Flight) -> None:
        """Hear of a trial that has run for some seconds; called in a thread of its own.

        What it raises ends the study once the running trials have finished.
        """

    def trial_finished(self, record: TrialRecord) -> None:
        """Hear of a finished trial."""


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

    Parameters
    ----------
    study
        The question; its estimator, objectives and the rest have been checked.
    table
        File of the preprocessed training rows, which nobody changes meanwhile: a frame of
        (n_rows, n_columns), the target among them and without missing values.
    executor
        Where units of work run; the caller shuts it down.
    n_jobs
        Greatest number of trials at a time. The trials of a seed are the same each time on an
        executor that finishes them in a fixed order, for one `n_jobs`.
    listener
        Told of every trial, in this thread.
    suggest
        Returns the parameters of a trial; called in this thread.
    study_file
        Journal of the study, which no one else writes; the finished trials that it holds count
        where they lie in the search space. None: nothing is kept.
    output
        New file for the trials of the result, as Optuna reads them. None: none is written.

    Raises
    ------
    StudyError
        No trial is complete, the executor broke, or no record can keep what was suggested.
    KeyboardInterrupt
        A person asked for the end; the trials that ran were finished and kept.
    """
    if n_jobs < 1:
        message = f"n_jobs must be at least 1, got {n_jobs}. Use 1 for one trial at a time."
        raise ValueError(message)
    with quiet_optuna():
        plan = FoldPlan(
            table=share_table(table, executor),
            target=study.target,
            kind=study.estimator.kind,
            id=study.id,
            n_folds=study.n_folds,
            seed=study.seed,
        )
        journal = StudyJournal(study_file, study.objectives) if study_file else None
        earlier = earlier_trials(journal, study)
        records = [record_of(trial) for trial in earlier.finished]
        asking = AskTell(study, STUDY_NAME, earlier)
        listener.study_started(list(records))
        with stop_on_interrupt() as stop, Airborne(listener.trial_is_long, stop) as airborne:
            flights = Flights(
                study=study,
                schedule=make_schedule(study, plan),
                asking=asking,
                executor=executor,
                suggest=suggest,
                on_start=_starting(airborne, journal),
                is_stopping=stop.is_set,
            )
            with closing(flights.landed(n_jobs)) as landed, _broken_executor_explained(airborne):
                for flight in landed:
                    airborne.remove(flight)
                    record = flight.record(len(records), study.objectives)
                    frozen = asking.tell(flight.trial, record)
                    if journal:
                        journal.append(frozen)
                    records.append(record)
                    listener.trial_finished(record)
            if stop.is_set():
                raise KeyboardInterrupt
        result = study_result(records, asking.study, study)
        if output:
            store_trials(output, asking.finished(), study.objectives, study_file)
        return result


def _starting(airborne: Airborne, journal: StudyJournal | None) -> Callable[[Flight], None]:
    def start(flight: Flight) -> None:
        if journal:
            journal.note_asked(flight.uid, flight.trial.params)
        airborne.add(flight)

    return start


@contextmanager
def _broken_executor_explained(airborne: Airborne) -> Iterator[None]:
    try:
        yield
    except BrokenExecutor as error:
        message = f"{error} {_KEPT}"
        if type(error).__name__ == "TerminatedWorkerError":  # loky's, which may not be imported.
            running = "; ".join(map(str, airborne.params()))
            message = f"{_WORKER_DIED} {_KEPT} {_AGAIN.format(running)}"
        raise StudyError(message) from error


_KEPT = "The finished trials are kept; a run that is not forced goes on from them."
_WORKER_DIED = (
    "a worker process died, most likely for want of memory. Use fewer n_jobs, a smaller model or a "
    "smaller table."
)
_AGAIN = (
    "Those that ran are tried again first: {}. If one of them ends the study each time, narrow the "
    "search space so that it lies outside."
)
