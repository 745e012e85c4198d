"""Results of other projects and machines, found through the tracking store and brought here."""

from __future__ import annotations

import logging
import multiprocessing
import os
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import HISTORY_NAME, below, check_name
from runforest.results.digests import DigestCache
from runforest.results.index import Result
from runforest.run.task_log import load_points
from runforest.tracking.exchange.download import download_result, intact_manifest
from runforest.tracking.exchange.places import (
    UnreadablePlaceError,
    has_failed,
    log_failure,
    place_of,
)
from runforest.tracking.models.executable import check_executable
from runforest.tracking.store.connect import is_reachable
from runforest.tracking.store.database import sql_store
from runforest.tracking.store.failures import first_line
from runforest.tracking.store.uri import local_path
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

    from runforest.foundation.layout import Layout
    from runforest.results.manifest import Manifest

logger = logging.getLogger(__name__)

N_RUNS, N_TRIES = 20, 5
"""How many runs are read, and results tried, at most: a popular one is in each of thousands."""

_NOT_SEARCHED = (
    "Results of other machines cannot be looked for: %s. What this machine lacks is computed."
)
_NOT_READ = "Results of other machines cannot be read: %s What this machine lacks is computed."
_NOT_USED = "A result of another machine is not used: %s"
_NOT_HERE = (
    "Results that other runs of the store hold cannot be read on this machine: they lie in %s, or "
    "such folders, and are computed. Keep them on a disk that both have, or use a tracking server."
)


@dataclass(frozen=True, kw_only=True)
class StoreResults:
    """The results of all runs of a tracking store, as a `ResultSource`.

    A store that fails has none, and neither has one whose results cannot be used: the task is
    computed. `trusts_code` says whether results that run code when they are loaded may be used.
    """

    uri: str = field(repr=False)
    layout: Layout
    trusts_code: bool = False

    def find(self, fingerprint: str) -> Result | None:
        """Return a result that a run of the store holds, downloaded and verified, or None."""
        digests = DigestCache(self.layout.digests)
        folder = below(self.layout.downloads, fingerprint)

        def check(folder: Path, manifest: Manifest) -> None:
            if manifest.fingerprint != fingerprint:
                message = f"it is that of {manifest.fingerprint}. Delete that run's tag."
                raise ArtifactError(message)
            if manifest.has_history:
                load_points(folder / HISTORY_NAME)
            if not self.trusts_code:
                check_executable(folder, manifest)

        if intact_manifest(folder, digests):  # downloaded before
            uris: Iterator[str] = iter([str(folder)])
        else:
            uris = islice(self._uris(f"{RESULT_TAG}{fingerprint}"), N_TRIES)
        for uri in uris:
            try:
                manifest = download_result(uri, folder, digests, check=check)
                return Result(folder=folder, manifest=manifest)
            except UnreadablePlaceError as error:
                log_failure(place_of(uri), _NOT_READ, error)
            except ArtifactError as error:
                log_failure(uri, _NOT_USED, error)
        return None

    def _uris(self, tag: str) -> Iterator[str]:
        """Yield where runs with a tag have their result, newest first; what cannot be read, not."""
        for run in self._runs_with(tag):
            root, name = run.info.artifact_uri, run.data.tags[tag]
            folder = local_path(root)
            try:
                uri = str(below(folder, name)) if folder else f"{root}/{check_name(name)}"
            except ArtifactError as error:
                log_failure(f"{root}/{name}", _NOT_USED, error)
                continue
            if folder and not os.access(folder, os.R_OK | os.X_OK):
                log_failure(place_of(uri), _NOT_HERE, folder)
            elif folder or not has_failed(place_of(uri)):
                yield uri

    def _runs_with(self, tag: str) -> list[MlflowRun]:
        """Return the newest runs with a tag; none when the store fails."""
        if has_failed(self.uri) and not is_reachable(self.uri):
            return []
        try:
            client = _client(self.uri)
            experiments = [found.experiment_id for found in client.search_experiments()]
            return client.search_runs(experiments, f"tags.`{tag}` != ''", max_results=N_RUNS)
        except Exception as error:  # noqa: BLE001 - border: whatever ails a store, it has no result
            log_failure(self.uri, _NOT_SEARCHED, first_line(error))
            return []


def _client(uri: str) -> MlflowClient:
    """Return a client whose connections are this process's own, and not those of a forked one."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    database = sql_store(client)
    if database and multiprocessing.parent_process():
        database.engine.dispose(close=False)
    return client
