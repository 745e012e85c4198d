"""From the events of a run's journal to its record in the store, as they come or once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.foundation.layout import ARTIFACTS, JOURNAL
from runforest.run.events import MetricsLogged, ParamsLogged, TaskCommitted, TaskReused
from runforest.run.journal import JournalReader
from runforest.tracking.child_runs.trial_recorder import TrialRecorder
from runforest.tracking.exchange.upload import upload_result
from runforest.tracking.store.database import log_rows
from runforest.tracking.store.failures import is_failing_request, is_outage, refusals_of
from runforest.tracking.store.names import safe_name, shortened
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    from runforest.run.events import Event
    from runforest.tracking.lifecycle.open_close import OpenedRun

MAX_FAILURES = 3
"""So many requests in a row that fail are the server's failure, not that of what they hold."""


class EventWriter:
    """Writes events to the store: metrics, parameters, trials and results.

    `folder` is the run's on this machine. At a replay any part of the journal may have been written
    before.
    """

    def __init__(
        self, client: MlflowClient, opened: OpenedRun, folder: Path, *, is_replay: bool = False
    ) -> None:
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
        """Write some events, in as few requests as can be."""
        self._log_rows(list(_rows(events)))
        self._trials.record(events)
        results = [
            event
            for event in events
            if isinstance(event, TaskCommitted | TaskReused)
            and f"{RESULT_TAG}{event.fingerprint}" not in self._tags
        ]
        for event in results if self._opened.local_folder is None else ():
            upload_result(self._client, self._opened.artifact_uri, self._artifacts / event.task)
        self._tag_results(results)

    def write_singly(self, events: list[Event]) -> None:
        """Write events; one that cannot be written though the store works costs no other.

        Raises
        ------
        Exception
            The store failed.
        """
        try:
            self.write(events)
        except Exception as error:  # whichever the store raises; given up on, it is raised again
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

    def _log_rows(self, rows: Sequence[Metric | Param]) -> None:
        """Write metrics and parameters; when some are refused, by halves until these are found."""
        from mlflow.entities import Metric, Param

        if not rows:
            return
        metrics = [row for row in rows if isinstance(row, Metric)]
        params = [row for row in rows if isinstance(row, Param)]
        refusals = refusals_of(
            lambda run_id: self._client.log_batch(run_id, metrics, params), self._opened.run_id
        )
        if len(rows) == 1:
            self._refusals += refusals
        elif refusals:
            middle = len(rows) // 2
            self._log_rows(rows[:middle])
            self._log_rows(rows[middle:])

    def _tag_results(self, events: Sequence[TaskCommitted | TaskReused]) -> None:
        """Let the run be found by the results that it has, but for those that it reuses of itself.

        They are tagged when all their files are on the store.
        """
        from mlflow.entities import RunTag

        run_id = self._opened.run_id
        tags = [
            RunTag(f"{RESULT_TAG}{event.fingerprint}", event.task)
            for event in events
            if not (isinstance(event, TaskReused) and event.reused_from == run_id)
        ]
        log_rows(self._client, run_id, tags=tags)


def _rows(events: Sequence[Event]) -> Iterator[Metric | Param]:
    """Yield the parameters of events, each once, and their metrics."""
    from mlflow.entities import Metric, Param

    params = [
        (safe_name(name), shortened(value))
        for event in events
        for name, value in _params(event).items()
    ]
    for name, value in dict.fromkeys(params):
        yield Param(name, value)
    for event in events:
        for name, step, number, timestamp_ms in _points(event):
            yield Metric(safe_name(name), number, timestamp_ms, step)


def _params(event: Event) -> Mapping[str, str]:
    match event:
        case ParamsLogged(values=params) | TaskReused(params=params):
            return params
    return {}


def _points(event: Event) -> list[tuple[str, int, float, int]]:
    """Return name, step, value and time of the metrics that an event holds.

    Those of a reused result are as far apart as they were, and the last of them is of now.
    """
    now_ms = event.timestamp_ms
    match event:
        case MetricsLogged(values=values, step=step):
            return [(name, step, value, now_ms) for name, value in values.items()]
        case TaskReused(history=history) if history:
            return [(name, step, value, now_ms - age_ms) for name, step, value, age_ms in history]
        case TaskReused(metrics=metrics):
            return [(name, 0, value, now_ms) for name, value in metrics.items()]
    return []


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
