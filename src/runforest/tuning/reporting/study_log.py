"""The events of a task's study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.fingerprint.ingredients import fingerprint_of
from runforest.model.metrics import direction, short_name
from runforest.run.events import StudyStarted, TrialFinished, TrialStarted

if TYPE_CHECKING:
    from runforest.fingerprint.ingredients import Ingredients
    from runforest.run.task_log import TaskLog
    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.spec import StudySpec
    from runforest.tuning.study.trial_record import TrialRecord


class StudyLog:
    """Writes what a study does to the journal of its run; the recorder makes child runs of it."""

    def __init__(self, task: TaskLog, key: str, study: StudySpec) -> None:
        self._task, self._key, self._study = task, key, study
        self._journal = task.active_run.journal
        self._objective = short_name(study.objectives[0])

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Log that the study starts, and the trials of earlier runs."""
        self._task.has_trials = True
        self._journal.append(
            StudyStarted(
                task=self._task.folder_name,
                key=self._key,
                n_trials=self._study.n_possible,
                timeout_s=self._study.timeout_s,
                n_earlier=len(earlier),
                objective=self._objective,
                is_lower_better=direction(self._study.objectives[0]) == "minimize",
            )
        )
        for record in earlier:
            self._log(record, is_earlier=True)

    def trial_is_long(self, running: RunningTrial) -> None:
        """Log that a trial is running."""
        self._journal.append(
            TrialStarted(
                task=self._task.folder_name,
                uid=running.uid,
                params=running.params,
                started_ms=running.started_ms,
            )
        )

    def trial_finished(self, record: TrialRecord) -> None:
        """Log a finished trial."""
        self._log(record, is_earlier=False)
        message = f"trial {record.number}: {record.state}"
        self._task.report_progress(record.number + 1, self._study.n_possible, message)

    def _log(self, record: TrialRecord, *, is_earlier: bool) -> None:
        self._journal.append(
            TrialFinished(
                task=self._task.folder_name,
                study=self._key,
                objective=self._objective,
                is_earlier=is_earlier,
                **vars(record),
            )
        )


NOT_IN_KEY = ("n_trials", "timeout_s", "search_space")
SEARCH_ROOMS = tuple(
    f"runforest.{room}." for room in ("model", "tuning.driver", "tuning.samplers", "tuning.space")
)
"""Rooms of the engine whose code decides what trials there are and how they are scored."""


def study_key(ingredients: Ingredients) -> str:
    """Return what stays the same while a study goes on: not its length, its space, nor its words.

    Of the engine's code only that counts which decides what the trials are.
    """
    code = {
        name: digest
        for name, digest in ingredients["code"].items()
        if not name.startswith("runforest.") or name.startswith(SEARCH_ROOMS)
    }
    params = {
        name: value for name, value in ingredients["params"].items() if name not in NOT_IN_KEY
    }
    return fingerprint_of({**ingredients, "code": code, "params": params})
