"""Results of other projects and machines, found through the tracking store and brought here."""

from __future__ import annotations

import logging
import multiprocessing
import os
from itertools import islice
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.results.digests import DigestCache
from runforest.results.index import Result
from runforest.results.manifest import read_manifest
from runforest.tracking.exchange.transfer import download_result
from runforest.tracking.store.connect import is_reachable
from runforest.tracking.store.database import sql_store
from runforest.tracking.store.failures import first_line
from runforest.tracking.store.location import local_path
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

    from runforest.layout import Layout

logger = logging.getLogger(__name__)

PAGE_SIZE, N_PAGES = 5, 10
"""How many runs are read at a time, and at most: a popular result is in each of thousands."""

_NOT_SEARCHED = (
    "Results of other machines cannot be looked for: %s. What this machine lacks is computed."
)

_NOT_HERE = (
    "Results that other runs of the store hold cannot be read on this machine: they lie in %s, or "
    "such folders, and are computed. Keep them on a disk that both have, or use a tracking server."
)

_unreadable: set[Path] = set()
"""Folders of artifacts that this machine lacks; the first is told, and stands for all."""

_failed: set[str] = set()
"""The stores that could not be searched by this process; a search of one takes minutes to fail."""


def find_in_store(fingerprint: str, layout: Layout) -> Result | None:
    """Return a result that a run of the tracking store holds, downloaded and verified, or None.

    A store that fails has none: the result is computed.

    Parameters
    ----------
    fingerprint
        What the result has to depend on.
    layout
        Of the project, where the download is kept.
    """
    tag = f"{RESULT_TAG}{fingerprint}"
    digests = DigestCache(layout.digests)
    here = (run for run in _runs_with(tag) if _is_here(run.info.artifact_uri))
    for run in islice(here, PAGE_SIZE):
        name = run.data.tags[tag]
        folder = layout.downloads / run.info.run_id / name
        try:
            download_result(f"{run.info.artifact_uri}/{name}", folder, digests)
            manifest = read_manifest(folder)
        except ArtifactError as error:
            logger.warning("A result of run %s cannot be reused: %s", run.info.run_name, error)
            continue
        if manifest and manifest.fingerprint == fingerprint:
            return Result(folder=folder, manifest=manifest)
    return None


def _is_here(artifact_uri: str) -> bool:
    """Return whether this machine can read artifacts; a folder that it lacks is told once."""
    folder = local_path(artifact_uri)
    if folder is None or os.access(folder, os.R_OK | os.X_OK):
        return True
    if not _unreadable:
        logger.warning(_NOT_HERE, folder)
    _unreadable.add(folder)
    return False


def _runs_with(tag: str) -> Iterator[MlflowRun]:
    """Yield runs with a tag, newest first; when the store fails, no more, and a warning once."""
    from mlflow import get_tracking_uri
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = get_tracking_uri()
    if uri in _failed and not is_reachable(uri):
        return
    try:
        for page in _pages(_client(), f"tags.`{tag}` != ''"):
            yield from page
    except (MlflowException, SQLAlchemyError) as error:
        if uri not in _failed:
            logger.warning(_NOT_SEARCHED, first_line(error))
        _failed.add(uri)


def _pages(client: MlflowClient, query: str) -> Iterator[list[MlflowRun]]:
    experiments = [found.experiment_id for found in client.search_experiments()]
    token = None
    for _ in range(N_PAGES):
        page = client.search_runs(experiments, query, max_results=PAGE_SIZE, page_token=token)
        yield page
        token = page.token
        if not token:
            return


def _client() -> MlflowClient:
    """Return a client whose connections are this process's own, and not those of a forked one."""
    from mlflow import MlflowClient

    client = MlflowClient()
    database = sql_store(client)
    if database and multiprocessing.parent_process():
        database.engine.dispose(close=False)
    return client
