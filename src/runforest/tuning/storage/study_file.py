"""Durable storage of a study: the trials that were started, and those that have finished."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from runforest.foundation.locks import LOCK_SUFFIX, held
from runforest.model.metrics import direction
from runforest.tuning.study.trial_record import RECORD_KEY, TrialRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from optuna.trial import FrozenTrial

STUDY_NAME = "study"
"""Hyperband divides trials by the study's name: a study that goes on must keep it."""


@contextmanager
def locked_study(path: Path, *, is_anew: bool) -> Iterator[Path]:
    """Yield the file of a study that a later run can go on from; one process has it at a time.

    With `is_anew`, the trials of earlier runs are removed once nobody works on it any more.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    reason = "Another run has this study: this one waits for it."
    with held(path.with_suffix(LOCK_SUFFIX), reason):
        # What was started goes first: left alone by a kill, all of it would be tried again.
        for file in (_started_path(path), path) if is_anew else ():
            file.unlink(missing_ok=True)
        yield path


class StudyFile:
    """The trials of one study, in a file of Optuna's that has one writer at a time.

    Beside it lies a file of the trials that were started: one whose driver died is tried again.
    """

    def __init__(self, path: Path, objectives: Sequence[str]) -> None:
        self._started_path = _started_path(path)
        for file in (path, self._started_path):
            drop_torn_line(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._study = optuna.create_study(
            storage=_storage(path),
            study_name=STUDY_NAME,
            directions=[direction(objective) for objective in objectives],
            load_if_exists=True,
        )

    def add_started(self, uid: str, params: Mapping[str, object]) -> None:
        """Write down that a trial starts."""
        with self._started_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([uid, dict(params)]) + "\n")

    def add_finished(self, trial: FrozenTrial) -> None:
        """Write a finished trial; it is on the disk when this returns."""
        self._study.add_trial(trial)

    def started(self) -> dict[str, dict[str, object]]:
        """Return the parameters of the trials that were started, by uid, in that order."""
        if not self._started_path.is_file():
            return {}
        lines = self._started_path.read_text(encoding="utf-8").splitlines()
        return dict(json.loads(line) for line in lines)

    def finished(self) -> list[FrozenTrial]:
        """Return the trials in the file, in the order of finishing."""
        return self._study.get_trials()


def store_trials(path: Path, trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> None:
    """Write finished trials into a new file, for whoever reads it with Optuna."""
    file = StudyFile(path, objectives)
    for trial in trials:
        file.add_finished(trial)


def read_study_file(path: Path) -> optuna.Study:
    """Return the study of a file that stays as it is, in memory; ValueError if it holds none."""
    try:
        stored = optuna.load_study(storage=_storage(path), study_name=STUDY_NAME)
    except KeyError:
        message = f"{path} holds no study. Name a run whose tuner has finished."
        raise ValueError(message) from None
    with quiet_optuna():
        study = optuna.create_study(study_name=STUDY_NAME, directions=stored.directions)
    study.add_trials(stored.get_trials(deepcopy=False))
    return study


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
    """Return our record of a trial of Optuna."""
    return TrialRecord.from_json(trial.user_attrs[RECORD_KEY])


def _started_path(path: Path) -> Path:
    return path.with_suffix(".started")


def _storage(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_OneWriter(str(path))))


class _OneWriter(JournalFileOpenLock):
    """The lock of a file that has one writer: none, in the form of one of Optuna's.

    Those raise RuntimeError or FileNotFoundError for an interrupt that comes while they
    are taken or given back, and one that a killed writer left is waited for half a minute.
    """

    def acquire(self) -> bool:
        """Return at once."""
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
