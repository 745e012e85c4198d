"""Results of other machines, found through the tracking store and brought here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.manifest import read_manifest
from runforest.results import Result
from runforest.tracking.outage import first_line
from runforest.tracking.rows import RESULT_TAG
from runforest.tracking.store import is_reachable
from runforest.tracking.transfer import download_result

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

logger = logging.getLogger(__name__)

N_TRIED = 5

_NOT_SEARCHED = (
    "Results of other machines cannot be looked for: %s. What this machine lacks is computed."
)

_failed: set[str] = set()
"""The stores that could not be searched by this process; a search of one takes minutes to fail."""


def find_in_store(fingerprint: str, store: Path) -> Result | None:
    """Return a result that a run of the tracking store holds, downloaded and verified, or None.

    A store that fails has none: the result is computed.

    Parameters
    ----------
    fingerprint
        What the result has to depend on.
    store
        Local folder of results and caches, where the download is kept.
    """
    tag = f"{RESULT_TAG}{fingerprint}"
    for run in _runs_with(tag):
        name = run.data.tags[tag]
        folder = store / "cache" / "results" / run.info.run_id / name
        try:
            download_result(f"{run.info.artifact_uri}/{name}", folder)
            manifest = read_manifest(folder)
        except ArtifactError as error:
            logger.warning("A result of run %s cannot be reused: %s", run.info.run_name, error)
            continue
        if manifest and manifest.fingerprint == fingerprint:
            return Result(folder=folder, manifest=manifest)
    return None


def _runs_with(tag: str) -> list[MlflowRun]:
    """Return some runs with a tag; none, and a warning the first time, when the store fails."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    uri = client.tracking_uri
    if uri in _failed and not is_reachable(uri):
        return []
    try:
        experiments = [found.experiment_id for found in client.search_experiments()]
        return list(client.search_runs(experiments, f"tags.`{tag}` != ''", max_results=N_TRIED))
    except MlflowException as error:
        if uri not in _failed:
            logger.warning(_NOT_SEARCHED, first_line(error))
        _failed.add(uri)
        return []
