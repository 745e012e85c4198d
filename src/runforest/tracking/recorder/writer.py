"""From the events of a run's journal to its record in the store, as they come or once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.layout import ARTIFACTS, JOURNAL
from runforest.run.events import TaskCommitted, TaskReused
from runforest.run.journal import JournalReader
from runforest.tracking.child_runs.trial_recorder import TrialRecorder
from runforest.tracking.exchange.upload import upload_result
from runforest.tracking.recorder.rows import log_rows, tag_results
from runforest.tracking.store.failures import is_failing_request, is_outage
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.run.events import Event
    from runforest.tracking.lifecycle.open_close import OpenedRun

MAX_FAILURES = 3
"""So many requests in a row that fail are the server's failure, not that of what they hold."""


class EventWriter:
    """Writes events to the store: metrics, parameters, trials and results."""

    def __init__(
        self, client: MlflowClient, opened: OpenedRun, folder: Path, *, is_replay: bool = False
    ) -> None:
        """Begin with a run.

        Parameters
        ----------
        folder
            The run's folder on this machine.
        is_replay
            Any part of the journal may have been written before.
        """
        self._client, self._opened, self._artifacts = client, opened, folder / ARTIFACTS
        self._trials = TrialRecorder(client, opened, is_replay=is_replay)
        self._refusals: list[Exception] = []
        self._n_failures = 0
        self._tags = client.get_run(opened.run_id).data.tags if is_replay else {}

    @property
    def n_at_once(self) -> int:
        """How many events to write in one go."""
        return self._trials.n_at_once

    @property
    def refusals(self) -> list[Exception]:
        """What the store said of what it did not take; all else was written."""
        return [*self._refusals, *self._trials.refusals]

    def write(self, events: list[Event]) -> None:
        """Write some events; a result is tagged when all its files are on the store."""
        self._refusals += log_rows(self._client, self._opened.run_id, events)
        self._trials.record(events)
        results = [
            event
            for event in events
            if isinstance(event, TaskCommitted | TaskReused)
            and f"{RESULT_TAG}{event.fingerprint}" not in self._tags
        ]
        for event in results if self._opened.local_folder is None else ():
            upload_result(self._client, self._opened.artifact_uri, self._artifacts / event.task)
        tag_results(self._client, self._opened.run_id, results)

    def write_singly(self, events: list[Event]) -> None:
        """Write events; one that cannot be written though the store works costs no other.

        Raises
        ------
        Exception
            The store failed.
        """
        try:
            self.write(events)
        except Exception as error:
            self._n_failures = self._n_failures + 1 if is_failing_request(error) else 0
            is_given_up = self._n_failures > MAX_FAILURES
            if is_given_up or is_outage(error, self._client.tracking_uri):
                raise
            if len(events) == 1:
                self._refusals.append(error)
            for event in events if len(events) > 1 else ():
                self.write_singly([event])
        else:
            self._n_failures = 0


def replay_journal(client: MlflowClient, opened: OpenedRun, folder: Path) -> list[Exception]:
    """Write what of a run's journal is not in the store yet; return what cannot be written.

    A journal may be missing, torn at its end, or of another version.

    Raises
    ------
    Exception
        The store failed: the rest of the journal was not written.
    """
    journal = JournalReader(folder / JOURNAL)
    writer = EventWriter(client, opened, folder, is_replay=True)
    while (events := journal.next_piece(writer.n_at_once)) is not None:
        writer.write_singly(events)
    return [*writer.refusals, *map(damage, journal.damaged)]


def damage(line: bytes) -> Exception:
    """Return what is wrong with a line that is no event."""
    return ValueError(f"a line of its journal is damaged: {line[:80]!r}")
