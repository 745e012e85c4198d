"""Runs of the past, read back from the tracking store and deleted for good."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runforest.foundation.errors import ArtifactError, StoreError
from runforest.foundation.layout import CONFIG_RECORD
from runforest.results.manifest import MANIFEST_NAME, Manifest, read_manifest
from runforest.tracking.exchange.download import download_records
from runforest.tracking.exchange.places import (
    UnreadablePlaceError,
    has_failed,
    log_failure,
    place_of,
)
from runforest.tracking.store.connect import find_runs
from runforest.tracking.store.uri import StoreUri, hide_password, local_path
from runforest.tracking.tags import PARENT_TAG, PROCESS_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

SHORTEST_PREFIX, N_PER_CALL = 6, 500
N_EARLIER = 20
"""Number of earlier runs with which a run is compared."""


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run as it was recorded."""

    run_id: str
    name: str
    status: str
    experiment_id: str
    started_ms: int
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    artifact_uri: str

    @property
    def is_local(self) -> bool:
        """Whether the artifacts lie on this machine."""
        return local_path(self.artifact_uri) is not None

    @cached_property
    def artifacts(self) -> Path:
        """Local folder with the run's artifacts; of a remote run its manifests and records."""
        if path := local_path(self.artifact_uri):
            return path
        folder = Path(tempfile.mkdtemp(prefix="runforest-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return download_records(self.artifact_uri, folder)

    @cached_property
    def is_readable(self) -> bool:
        """Whether manifests and pins can be read here; a place that cannot is logged once."""
        place = place_of(self.artifact_uri)
        if not self.is_local and has_failed(place):
            return False
        try:
            _ = self.manifests, self.pins
        except ArtifactError as error:
            what = place if isinstance(error, UnreadablePlaceError) else self.run_id
            log_failure(what, "Run %s is passed over: %s", self.name, error)
            return False
        return True

    @property
    def pins(self) -> dict[str, str]:
        """Task folder -> result folder that its [PathConfig] pinned it to."""
        if not (self.artifacts / CONFIG_RECORD).exists():
            return {}
        table = self.record(CONFIG_RECORD, "PathConfig")["PathConfig"]
        return {name: value for name, value in table.items() if name != "input"}

    def record(self, file: str, *keys: str) -> dict[str, Any]:
        """Return what a record holds: a TOML or JSON file of the artifacts.

        Raises
        ------
        ArtifactError
            It cannot be read, or lacks one of the keys.
        """
        path = self.artifacts / file
        loads = tomllib.loads if path.suffix == ".toml" else json.loads
        try:
            content: dict[str, Any] = loads(path.read_text(encoding="utf-8"))
            if not (missing := [key for key in keys if key not in content]):
                return content
            reason = f"it has no {', '.join(missing)}"
        except (OSError, ValueError) as error:
            reason = str(error)
        message = (
            f"{path}, a record of run {self.name}, cannot be read: {reason}. A secret may have "
            "been masked in it. Repair the file, or delete the run on its page."
        )
        raise ArtifactError(message)

    @property
    def manifests(self) -> dict[str, Manifest]:
        """Manifest of each complete result of the run, by task folder."""
        folders = [path.parent for path in sorted(self.artifacts.glob(f"*/{MANIFEST_NAME}"))]
        return {folder.name: manifest for folder in folders if (manifest := read_manifest(folder))}


def find_run(client: MlflowClient, reference: str) -> RecordedRun:
    """Return the run of an id, of the beginning of one, or of a name.

    Raises
    ------
    StoreError
        There is no such run, or several.
    ArtifactError
        The run holds no result of Runforest.
    """
    found = [
        run
        for run in find_runs(client)
        if run.info.run_name == reference
        or (len(reference) >= SHORTEST_PREFIX and run.info.run_id.startswith(reference))
    ]
    found = [run for run in found if run.info.run_id == reference] or found
    if not found:
        message = (
            f'no run "{reference}" in the store. Give a run id, its first {SHORTEST_PREFIX} '
            "characters or more, or a run name."
        )
        raise StoreError(message)
    if len(found) > 1:
        ids = ", ".join(run.info.run_id for run in found[:5])
        message = f'"{reference}" may be {len(found)} runs: {ids}. Give a run id.'
        raise StoreError(message)
    recorded = read_run(found[0])
    if not recorded.manifests:
        message = (
            f"run {recorded.run_id} ({recorded.name}) has no {MANIFEST_NAME}: it was made by "
            "another program, or nothing of it was completed. Name a run with results."
        )
        raise ArtifactError(message)
    return recorded


def earlier_runs(client: MlflowClient, run: RecordedRun) -> list[RecordedRun]:
    """Return the latest of the runs that started before in the experiment and can be read."""
    found = client.search_runs(
        [run.experiment_id],
        f"attributes.start_time < {run.started_ms} and tags.`{PROCESS_TAG}` != ''",
        max_results=N_EARLIER,
        order_by=["attributes.start_time DESC"],
    )
    return [
        recorded for recorded in map(read_run, found) if recorded.is_readable and recorded.manifests
    ]


def read_run(run: MlflowRun) -> RecordedRun:
    """Return a run of the store with its artifacts at hand."""
    return RecordedRun(
        run_id=run.info.run_id,
        name=run.info.run_name,
        status=run.info.status,
        experiment_id=run.info.experiment_id,
        started_ms=run.info.start_time,
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        artifact_uri=run.info.artifact_uri,
    )


def top_runs(client: MlflowClient) -> list[RecordedRun]:
    """Return the runs that are no child runs, newest first."""
    tags = [(run, run.data.tags) for run in find_runs(client)]
    runs = [read_run(run) for run, has in tags if PROCESS_TAG in has and PARENT_TAG not in has]
    return sorted(runs, key=lambda run: -run.started_ms)


def delete_runs(client: MlflowClient, runs: list[RecordedRun]) -> None:
    """Delete runs, their child runs first; from a local store with all their rows and artifacts.

    MLflow leaves the child runs of a deleted parent.

    Raises
    ------
    StoreError
        MLflow could not remove the rows.
    """
    parents = {run.run_id for run in runs}
    children = [
        run.info.run_id for run in find_runs(client) if run.data.tags.get(PARENT_TAG) in parents
    ]
    run_ids = [*children, *parents]
    for run_id in run_ids:
        client.delete_run(run_id)
    if StoreUri(client.tracking_uri).is_server:
        return  # The server's operator removes what is marked as deleted, with `mlflow gc`.
    for start in range(0, len(run_ids), N_PER_CALL):
        _remove_rows(client.tracking_uri, run_ids[start : start + N_PER_CALL])


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
