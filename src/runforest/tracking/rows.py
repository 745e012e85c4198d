"""Entries of a journal as metrics, parameters and tags of a run, in as few requests as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runforest.tracking.names import safe_name, shortened

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from runforest.journal import Entry

METRIC_LIMIT, PARAM_LIMIT, TAG_LIMIT = 1000, 100, 100
"""How many rows of a kind MLflow takes in one request."""

RESULT_TAG = "mlflow.runforest.result."
"""Beginning of the tag that says that a run holds a result; its end is the fingerprint.

The fingerprint stands in the key because keys are indexed and values are not; keys that begin with
`mlflow.` do not show on the run's page.
"""


def log_rows(client: MlflowClient, run_id: str, entries: list[Entry]) -> None:
    """Record what the entries say of metrics, parameters and results."""
    from mlflow.entities import Metric, Param, RunTag

    metrics = [
        Metric(name, value, int(str(entry["timestamp_ms"])), int(str(entry.get("step", 0))))
        for entry in entries
        for name, value in _values(entry, "metrics").items()
    ]
    params = [
        Param(safe_name(name), shortened(value))
        for entry in entries
        for name, value in _values(entry, "params").items()
    ]
    tags = [
        RunTag(f"{RESULT_TAG}{entry['fingerprint']}", str(entry["task"]))
        for entry in entries
        if "fingerprint" in entry
    ]
    while metrics or params or tags:
        client.log_batch(run_id, metrics[:METRIC_LIMIT], params[:PARAM_LIMIT], tags[:TAG_LIMIT])
        metrics, params, tags = metrics[METRIC_LIMIT:], params[PARAM_LIMIT:], tags[TAG_LIMIT:]


def _values(entry: Entry, kind: str) -> dict[str, Any]:
    """Return the rows of a kind: an entry of that event holds them, a reused result both."""
    values = entry.get("values") if entry["event"] == kind else entry.get(kind)
    is_for_run = entry["event"] in {kind, "reused"}
    return values if is_for_run and isinstance(values, dict) else {}
