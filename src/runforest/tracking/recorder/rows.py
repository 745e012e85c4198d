"""Events of a journal as metrics, parameters and tags of a run, in as few requests as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.run.events import MetricsLogged, ParamsLogged, TaskCommitted, TaskReused
from runforest.tracking.store.database import add_rows, sql_store
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.store.names import safe_name, shortened
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    from runforest.run.events import Event


def log_rows(client: MlflowClient, run_id: str, events: Sequence[Event]) -> list[MlflowException]:
    """Record what events say of metrics, parameters and results.

    Returns
    -------
    refusals
        What the store says of the rows that it does not take; all others are recorded.
    """
    from mlflow.entities import Metric, Param, RunTag

    metrics = [
        Metric(safe_name(name), value, timestamp_ms, step)
        for event in events
        for name, step, value, timestamp_ms in _points(event)
    ]
    params = [
        (safe_name(name), shortened(value))
        for event in events
        for name, value in _params(event).items()
    ]
    tags = [
        RunTag(f"{RESULT_TAG}{fingerprint}", event.task)
        for event in events
        if (fingerprint := _computed_here(event, run_id))
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


def _params(event: Event) -> Mapping[str, str]:
    match event:
        case ParamsLogged(values=params) | TaskReused(params=params):
            return params
    return {}


def _computed_here(event: Event, run_id: str) -> str:
    """Return the fingerprint of a result that the run is to be found by, "" for other events."""
    match event:
        case TaskReused(reused_from=origin) if origin == run_id:
            return ""
        case TaskCommitted(fingerprint=fingerprint) | TaskReused(fingerprint=fingerprint):
            return fingerprint
    return ""
