"""The driver of a study: it alone knows Optuna, asks for trials and tells their scores.

The study lives in memory. Units of work are pure functions (`work.score_folds`) submitted to a
`concurrent.futures.Executor`: a whole trial where nothing prunes, otherwise fold by fold. A worker
that is free gets the next unit at once. Each finished trial is appended to a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import optuna

from runforest.tuning.asking import AskTell
from runforest.tuning.flights import Flights, Suggest
from runforest.tuning.journal import StudyJournal, record_of
from runforest.tuning.results import study_result
from runforest.tuning.study import StudyError, StudyResult, StudySpec
from runforest.tuning.trials import TrialRecord
from runforest.tuning.work import FoldPlan, save_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudyError", "StudyResult", "StudySpec", "quiet_optuna", "run_study"]

OnTrial = Callable[[TrialRecord], None]


def run_study(
    *,
    study: StudySpec,
    table: pd.DataFrame,
    executor: Executor,
    n_jobs: int,
    on_trial: OnTrial,
    suggest: Suggest,
    study_file: Path | None = None,
    study_name: str = "study",
) -> StudyResult:
    """Run the trials that are missing to `study.n_trials` and return all of them.

    Parameters
    ----------
    study
        The question; its estimator, scorer and the rest have been checked.
    table : (n_rows, n_features + 1) frame
        Preprocessed training rows, the target column included and without missing values.
    executor
        Where units of work run; the caller shuts it down.
    n_jobs
        Greatest number of trials at a time. The trials of a seed are the same each time on an
        executor that finishes them in a fixed order, for one `n_jobs`.
    on_trial
        Called in this thread for each newly finished trial; what it raises ends the study.
    suggest
        Returns the parameters of a trial; called in this thread.
    study_file
        Journal of finished trials; those that it holds count. None: nothing is kept.
    study_name
        Name of the study in the file. Hyperband divides trials by it: keep it.

    Raises
    ------
    StudyError
        No trial is complete, or a worker died.
    """
    if n_jobs < 1:
        message = f"n_jobs must be at least 1, got {n_jobs}. Use 1 for one trial at a time."
        raise ValueError(message)
    with quiet_optuna(), TemporaryDirectory(prefix="runforest-") as folder:
        plan = FoldPlan(
            table=save_table(table, Path(folder)),
            target=study.target,
            kind=study.estimator.kind,
            n_folds=study.n_folds,
            seed=study.seed,
        )
        journal = StudyJournal(study_file, study_name) if study_file else None
        finished = journal.finished() if journal else []
        asking = AskTell(study, study_name, finished)
        records = [record_of(trial) for trial in finished]
        flights = Flights(study=study, plan=plan, asking=asking, executor=executor, suggest=suggest)
        with closing(flights.landed(n_jobs)) as landed, _broken_worker_explained():
            for flight in landed:
                record = flight.record(len(records))
                frozen = asking.tell(flight.trial, record)
                if journal:
                    journal.append(frozen)
                records.append(record)
                on_trial(record)
        return study_result(records, asking.study, study.seed)


@contextmanager
def _broken_worker_explained() -> Iterator[None]:
    try:
        yield
    except BrokenExecutor as error:
        message = (
            "a worker process died, most likely for want of memory. Use fewer n_jobs, a smaller "
            "model or a smaller table. The trials that were finished are kept."
        )
        raise StudyError(message) from error


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's line per trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
