"""Durable storage of a study: what was asked, and the journal that finished trials go to."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from runforest.tuning.study.objectives import direction
from runforest.tuning.study.trial_record import TrialRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

RECORD_KEY = "record"
"""User attribute of an Optuna trial that holds our record of it."""

STUDY_NAME = "study"
"""Hyperband divides trials by the study's name: a study that goes on must keep it."""


class StudyJournal:
    """The trials of one study, in a file that has one writer at a time.

    Beside it lies a file of what was asked, so that a trial whose driver died is tried again.
    """

    def __init__(self, path: Path, objectives: Sequence[str]) -> None:
        self._asked_path = _asked_path(path)
        for file in (path, self._asked_path):
            drop_torn_line(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._study = optuna.create_study(
            storage=_storage(path),
            study_name=STUDY_NAME,
            directions=[direction(objective) for objective in objectives],
            load_if_exists=True,
        )

    def finished(self) -> list[FrozenTrial]:
        """Return the trials in the file, in the order of finishing."""
        return self._study.get_trials()

    def append(self, trial: FrozenTrial) -> None:
        """Write a finished trial; it is on the disk when this returns."""
        self._study.add_trial(trial)

    def note_asked(self, uid: str, params: Mapping[str, object]) -> None:
        """Write down that a trial starts."""
        with self._asked_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([uid, dict(params)]) + "\n")

    def order(self) -> list[str]:
        """Return the uids of all trials of the study, in the order in which they were asked."""
        done = [record_of(trial).uid for trial in self.finished()]
        return list(dict.fromkeys([*self._asked(), *done]))

    def unfinished(self) -> dict[str, dict[str, object]]:
        """Return the parameters of the trials that were asked and never finished, by uid."""
        done = {record_of(trial).uid for trial in self.finished()}
        return {uid: params for uid, params in self._asked().items() if uid not in done}

    def _asked(self) -> dict[str, dict[str, object]]:
        if not self._asked_path.is_file():
            return {}
        lines = self._asked_path.read_text(encoding="utf-8").splitlines()
        return dict(json.loads(line) for line in lines)


def store_trials(
    path: Path, trials: Sequence[FrozenTrial], objectives: Sequence[str], kept: Path | None
) -> None:
    """Write finished trials into a new file, for whoever reads it with Optuna.

    Parameters
    ----------
    kept
        The journal of the study, which is copied if it has these trials and no others. Those that
        were suggested from another search space than now are others: Optuna would see two.
    """
    if kept and _distributions(StudyJournal(kept, objectives).finished()) == _distributions(trials):
        shutil.copyfile(kept, path)
        return
    journal = StudyJournal(path, objectives)
    for trial in trials:
        journal.append(trial)


def read_journal(path: Path) -> optuna.Study:
    """Return the study of a file that stays as it is, in memory.

    Raises
    ------
    ValueError
        The file holds no study.
    """
    try:
        stored = optuna.load_study(storage=_storage(path), study_name=STUDY_NAME)
    except KeyError:
        message = f"{path} holds no study. Name a run whose tuner has finished."
        raise ValueError(message) from None
    with quiet_optuna():
        study = optuna.create_study(study_name=STUDY_NAME, directions=stored.directions)
    study.add_trials(stored.get_trials(deepcopy=False))
    return study


def remove_journal(path: Path) -> None:
    """Remove a study, so that it begins anew.

    What was asked goes first: left alone by a kill, all of it would be tried again.
    """
    for file in (_asked_path(path), path):
        file.unlink(missing_ok=True)


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


def _asked_path(path: Path) -> Path:
    return path.with_suffix(".asked")


def _distributions(trials: Sequence[FrozenTrial]) -> dict[str, dict[str, BaseDistribution]]:
    return {record_of(trial).uid: trial.distributions for trial in trials}


def _storage(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_OneWriter(str(path))))


class _OneWriter(JournalFileOpenLock):
    """The lock of a file that has one writer: none, in the form of one of Optuna's.

    Those raise RuntimeError or FileNotFoundError for an interrupt that comes while they
    are taken or given back, and one that a killed writer left is waited for half a minute.
    """

    def acquire(self) -> bool:
        """Let the writer write."""
        return True

    def release(self) -> None:
        """Do nothing."""


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's line per trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
