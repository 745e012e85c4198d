"""Recording what stands in the journal of a run whose recorder died."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from runforest.run.events import TaskCommitted, TaskReused
from runforest.run.journal import JournalReader
from runforest.tracking.child_runs.trial_recorder import TrialRecorder
from runforest.tracking.recorder.rows import log_rows
from runforest.tracking.store.failures import recorded_singly

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.run.events import Event
    from runforest.tracking.lifecycle.opened_run import OpenedRun

logger = logging.getLogger(__name__)


def replay_journal(client: MlflowClient, opened: OpenedRun, path: Path) -> None:
    """Record what of a run's journal is not in the store yet.

    A journal may be missing, torn at its end, or of another version: what cannot be understood is
    logged, and does not keep the run from being closed.

    Raises
    ------
    Exception
        The store failed, as `is_outage` says: the rest of the journal was not recorded.
    """
    if not path.exists():
        return
    journal = JournalReader(path)
    trials = TrialRecorder(client, opened, is_replay=True)
    problems: list[object] = []

    def record_rows(events: list[Event]) -> None:
        problems.extend(log_rows(client, opened.run_id, _without_promises(opened, events)))

    while (events := journal.next_piece(trials.n_at_once)) is not None:
        for record in (record_rows, trials.record):
            problems += recorded_singly(record, events, client.tracking_uri)
    problems += [*trials.refusals, *journal.damaged]
    if problems:
        logger.warning(
            "%s of the journal of run %s could not be recorded: %s. It stays in %s.",
            f"{len(problems)} parts",
            opened.name,
            problems[0],
            path,
        )


def _without_promises(opened: OpenedRun, events: list[Event]) -> list[Event]:
    """Return the events; without those results that were perhaps not uploaded."""
    if opened.local_folder is not None:
        return events
    return [
        dataclasses.replace(event, fingerprint="")
        if isinstance(event, TaskCommitted | TaskReused)
        else event
        for event in events
    ]
