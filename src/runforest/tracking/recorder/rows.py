"""Events of a journal as metrics, parameters and tags of a run, in as few requests as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.run.events import MetricsLogged, ParamsLogged, TaskReused
from runforest.tracking.store.database import add_rows, writable_store
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.store.names import safe_name, shortened
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param
    from mlflow.exceptions import MlflowException

    from runforest.run.events import Event, TaskCommitted


def log_rows(client: MlflowClient, run_id: str, events: Sequence[Event]) -> list[MlflowException]:
    """Record the metrics and parameters of events.

    Returns
    -------
    refusals
        What the store says of the rows that it does not take; all others are recorded.
    """
    from mlflow.entities import Metric, Param

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
    unique = [Param(name, value) for name, value in dict.fromkeys(params)]
    rows: list[Metric | Param] = [*unique, *metrics]
    return _log(client, run_id, rows) if rows else []


def tag_results(
    client: MlflowClient, run_id: str, events: Sequence[TaskCommitted | TaskReused]
) -> None:
    """Let a run be found by the results that it holds, but for those that it reuses of itself."""
    from mlflow.entities import RunTag

    tags = [
        RunTag(f"{RESULT_TAG}{event.fingerprint}", event.task)
        for event in events
        if not (isinstance(event, TaskReused) and event.reused_from == run_id)
    ]
    store = writable_store(client)
    if store and tags:
        add_rows(store, run_id, tags=tags)
    elif tags:
        client.log_batch(run_id, tags=tags)


def _log(
    client: MlflowClient, run_id: str, rows: Sequence[Metric | Param]
) -> list[MlflowException]:
    """Record rows; when some are refused, by halves until these are found."""
    from mlflow.entities import Metric, Param

    metrics = [row for row in rows if isinstance(row, Metric)]
    params = [row for row in rows if isinstance(row, Param)]
    refusal = refusal_of(lambda run_id: client.log_batch(run_id, metrics, params), run_id)
    if refusal is None or len(rows) == 1:
        return [refusal] if refusal else []
    middle = len(rows) // 2
    return [*_log(client, run_id, rows[:middle]), *_log(client, run_id, rows[middle:])]


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
