"""Durable storage of a study: a journal that finished trials are appended to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from runforest.tuning.trials import TrialRecord

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial

RECORD_KEY = "record"
"""User attribute of an Optuna trial that holds our record of it."""


class StudyJournal:
    """The finished trials of one study, in a file that has one writer at a time."""

    def __init__(self, path: Path, study_name: str) -> None:
        drop_torn_line(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Absolute, since the lock is a symbolic link: to a relative path it would dangle, and a
        # lock left by a killed writer would be waited for without an end.
        storage = JournalStorage(JournalFileBackend(str(path.absolute())))
        self._study = optuna.create_study(
            storage=storage, study_name=study_name, direction="maximize", load_if_exists=True
        )

    def finished(self) -> list[FrozenTrial]:
        """Return the trials in the file, in the order of finishing."""
        return self._study.get_trials()

    def append(self, trial: FrozenTrial) -> None:
        """Write a finished trial; it is on the disk when this returns."""
        self._study.add_trial(trial)


def drop_torn_line(path: Path) -> None:
    """Cut a last line without an end, left by a killed writer: the next append would spoil it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    complete = content.rfind(b"\n") + 1
    if complete < len(content):
        with path.open("r+b") as file:
            file.truncate(complete)


def record_of(trial: FrozenTrial) -> TrialRecord:
    """Return our record of a trial in the journal."""
    return TrialRecord.from_json(trial.user_attrs[RECORD_KEY])
