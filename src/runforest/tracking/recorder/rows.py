"""Entries of a journal as metrics, parameters and tags of a run, in as few requests as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runforest.tracking.store.database import add_rows, sql_store
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.store.names import safe_name, shortened
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    from runforest.run.journal import Entry


def log_rows(client: MlflowClient, run_id: str, entries: list[Entry]) -> list[MlflowException]:
    """Record what the entries say of metrics, parameters and results.

    Returns
    -------
    refusals
        What the store says of the rows that it does not take; all others are recorded.
    """
    from mlflow.entities import Metric, Param, RunTag

    metrics = [
        Metric(safe_name(name), value, timestamp_ms, step)
        for entry in entries
        for name, step, value, timestamp_ms in _points(entry)
    ]
    params = [
        (safe_name(name), shortened(value))
        for entry in entries
        for name, value in _values(entry, "params").items()
    ]
    tags = [
        RunTag(f"{RESULT_TAG}{entry['fingerprint']}", str(entry["task"]))
        for entry in entries
        if "fingerprint" in entry and entry.get("reused_from") != run_id
    ]
    unique = [Param(name, value) for name, value in dict.fromkeys(params)]
    rows = [*tags, *unique, *metrics]
    return _log(client, run_id, rows) if rows else []


def _log(client: MlflowClient, run_id: str, rows: Sequence[object]) -> list[MlflowException]:
    """Record rows; when some are refused, by halves until these are found."""
    from mlflow.entities import Metric, Param, RunTag

    metrics = [row for row in rows if isinstance(row, Metric)]
    params = [row for row in rows if isinstance(row, Param)]
    tags = [row for row in rows if isinstance(row, RunTag)]
    refusal = refusal_of(lambda run_id: _send(client, run_id, metrics, params, tags), run_id)
    if refusal is None or len(rows) == 1:
        return [refusal] if refusal else []
    middle = len(rows) // 2
    return [*_log(client, run_id, rows[:middle]), *_log(client, run_id, rows[middle:])]


def _send(
    client: MlflowClient,
    run_id: str,
    metrics: list[Metric],
    params: list[Param],
    tags: list[RunTag],
) -> None:
    store = sql_store(client)
    if store and tags:
        add_rows(store, run_id, tags=tags)
        tags = []
    if metrics or params or tags:
        client.log_batch(run_id, metrics, params, tags)


def _points(entry: Entry) -> list[tuple[str, int, float, int]]:
    """Return name, step, value and time of the metrics that an entry holds.

    Those of a reused result are as far apart as they were, and the last of them is of now.
    """
    now_ms, step = int(str(entry["timestamp_ms"])), int(str(entry.get("step", 0)))
    history = entry.get("history")
    if isinstance(history, list):
        return [(name, at, value, now_ms - age_ms) for name, at, value, age_ms in history]
    return [(name, step, value, now_ms) for name, value in _values(entry, "metrics").items()]


def _values(entry: Entry, kind: str) -> dict[str, Any]:
    """Return the rows of a kind: an entry of that event holds them, a reused result both."""
    values = entry.get("values") if entry["event"] == kind else entry.get(kind)
    is_for_run = entry["event"] in {kind, "reused"}
    return values if is_for_run and isinstance(values, dict) else {}
