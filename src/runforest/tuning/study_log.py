"""What a task tells of its study, and where it keeps what a later run can go on from."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from runforest.locks import held
from runforest.run.events import StudyStarted, TrialFinished, TrialStarted
from runforest.run.journal import Backlog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runforest.run.task_log import TaskLog
    from runforest.tuning.driver.running_trial import Flight
    from runforest.tuning.study.spec import StudySpec
    from runforest.tuning.study.trial_record import TrialRecord

LOCK_SUFFIX = ".lock"
"""Of the file beside a study that is locked by the process which writes it."""


class StudyLog:
    """Tells the run of a task what its study does; the recorder makes child runs of it."""

    def __init__(self, task: TaskLog, key: str, study: StudySpec) -> None:
        self._task, self._key, self._study = task, key, study
        self._journal = task.active_run.journal
        self._backlog = Backlog(task.active_run.journal_path)

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Say what is to do, and tell the trials of earlier runs as this run's own."""
        self._journal.append(
            StudyStarted(
                task=self._task.folder_name,
                key=self._key,
                n_trials=self._study.n_possible,
                timeout_s=self._study.timeout_s,
                n_earlier=len(earlier),
            )
        )
        for record in earlier:
            self._log(record, is_earlier=True)

    def trial_is_long(self, flight: Flight) -> None:
        """Say that a trial is running."""
        self._journal.append(
            TrialStarted(
                task=self._task.folder_name,
                uid=flight.uid,
                params=flight.params,
                started_ms=flight.started_ms,
            )
        )

    def trial_finished(self, record: TrialRecord) -> None:
        """Tell a finished trial; wait if they come faster than they can be recorded."""
        self._log(record, is_earlier=False)
        self._backlog.wait()
        message = f"trial {record.number}: {record.state}"
        self._task.report_progress(record.number + 1, self._study.n_possible, message)

    def _log(self, record: TrialRecord, *, is_earlier: bool) -> None:
        task = self._task.folder_name
        self._journal.append(
            TrialFinished(task=task, study=self._key, is_earlier=is_earlier, **vars(record))
        )


@contextmanager
def kept_study(kept: Path, *, is_anew: bool) -> Iterator[Path]:
    """Yield the file of a study that a later run can go on from; one process has it at a time.

    With `is_anew`, what earlier runs kept is removed once nobody works on it any more.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    reason = "Another run has this study: this one waits for it."
    with held(kept.with_suffix(LOCK_SUFFIX), reason):
        if is_anew:
            from runforest.tuning.storage.study_file import remove_journal

            remove_journal(kept)
        yield kept
