"""Recording what stands in the journal of a run whose recorder died."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from runforest.journal import JournalReader
from runforest.tracking.rows import log_rows
from runforest.tracking.trial_recorder import TrialRecorder

if TYPE_CHECKING:
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
    from mlflow.exceptions import MlflowException

    if not path.exists():
        return
    journal = JournalReader(path)
    trials = TrialRecorder(client, opened, is_replay=True)
    problems: list[object] = []
    while (entries := journal.next_piece(trials.n_at_once)) is not None:
        for record in (functools.partial(_log_rows, client, opened), trials.record):
            try:
                record(entries)
            except (MlflowException, KeyError, TypeError, ValueError) as error:
                problems.append(error)
    problems += [*trials.refusals, *journal.damaged]
    if problems:
        logger.warning(
            "%s of the journal of run %s could not be recorded: %s. It stays in %s.",
            f"{len(problems)} parts",
            opened.name,
            problems[0],
            path,
        )


def _log_rows(client: MlflowClient, opened: OpenedRun, entries: list[Entry]) -> None:
    if opened.local_folder is None:  # no promise of a result that was perhaps not uploaded
        entries = [
            {key: value for key, value in entry.items() if key != "fingerprint"}
            for entry in entries
        ]
    log_rows(client, opened.run_id, entries)
