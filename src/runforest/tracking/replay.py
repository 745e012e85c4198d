"""Recording what stands in the journal of a run whose recorder died."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runforest.journal import JournalReader
from runforest.tracking.rows import log_rows
from runforest.tracking.trial_recorder import TrialRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.journal import Entry
    from runforest.tracking.runs import OpenedRun

logger = logging.getLogger(__name__)


def replay_journal(client: MlflowClient, opened: OpenedRun, path: Path) -> None:
    """Record what of a run's journal is not in the store yet.

    A journal may be missing, torn at its end, or of another version: what cannot be understood is
    told, and does not keep the run from being closed.
    """
    if not path.exists():
        return
    journal = JournalReader(path)
    trials = TrialRecorder(client, opened, is_replay=True)
    problems: list[object] = []
    while (entries := journal.next_piece(trials.n_at_once)) is not None:
        with _keeping(problems):
            problems += log_rows(client, opened.run_id, _without_promises(opened, entries))
        with _keeping(problems):
            trials.record(entries)
    problems += [*trials.refusals, *journal.damaged]
    if problems:
        logger.warning(
            "%s of the journal of run %s could not be recorded: %s. It stays in %s.",
            f"{len(problems)} parts",
            opened.name,
            problems[0],
            path,
        )


@contextmanager
def _keeping(problems: list[object]) -> Iterator[None]:
    """Keep what is wrong with some entries, and go on."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, KeyError, TypeError, ValueError) as error:
        problems.append(error)


def _without_promises(opened: OpenedRun, entries: list[Entry]) -> list[Entry]:
    """Return the entries; without those results that were perhaps not uploaded."""
    if opened.local_folder is not None:
        return entries
    return [
        {key: value for key, value in entry.items() if key != "fingerprint"} for entry in entries
    ]
