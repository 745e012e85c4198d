"""Deleting runs for good, their child runs first: MLflow leaves those of a deleted parent."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from runforest.errors import StoreError
from runforest.tracking.recorded_run import RecordedRun, all_runs, read_run
from runforest.tracking.store.uri import StoreUri, hide_password
from runforest.tracking.tags import PARENT_TAG, PROCESS_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

N_PER_CALL = 500


def top_runs(client: MlflowClient) -> list[RecordedRun]:
    """Return the runs that are no child runs, newest first."""
    runs = [run for run in all_runs(client) if PARENT_TAG not in run.data.tags]
    recorded = [read_run(run) for run in runs if PROCESS_TAG in run.data.tags]
    return sorted(recorded, key=lambda run: -run.started_ms)


def delete_runs(client: MlflowClient, runs: list[RecordedRun]) -> None:
    """Delete runs with their child runs; from a local store with all their rows and artifacts.

    Raises
    ------
    StoreError
        MLflow could not remove the rows.
    """
    parents = {run.run_id for run in runs}
    children = [
        run.info.run_id for run in all_runs(client) if run.data.tags.get(PARENT_TAG) in parents
    ]
    doomed = [*children, *parents]
    for run_id in doomed:
        client.delete_run(run_id)
    if StoreUri(client.tracking_uri).is_server:
        return  # The server's operator removes what is marked as deleted, with `mlflow gc`.
    for start in range(0, len(doomed), N_PER_CALL):
        _remove_rows(client.tracking_uri, doomed[start : start + N_PER_CALL])


def _remove_rows(uri: str, run_ids: list[str]) -> None:
    command = [sys.executable, "-m", "mlflow", "gc", "--run-ids", ",".join(run_ids)]
    # A command line is for all to read, and the URI may hold a password.
    settings = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        said = hide_password(done.stderr).strip()[-500:]
        message = (
            f"deleted runs could not be removed from {hide_password(uri)}: {said} "
            "Run `mlflow gc` yourself."
        )
        raise StoreError(message)
