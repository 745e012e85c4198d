"""Results of other machines, found through the tracking store and brought here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.manifest import read_manifest
from runforest.results import Result
from runforest.tracking.rows import RESULT_TAG
from runforest.tracking.transfer import download_result

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

N_TRIED = 5


def find_in_store(fingerprint: str, store: Path) -> Result | None:
    """Return a result that a run of the tracking store holds, downloaded and verified, or None.

    Parameters
    ----------
    fingerprint
        What the result has to depend on.
    store
        Local folder of results and caches, where the download is kept.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    experiments = [found.experiment_id for found in client.search_experiments()]
    tag = f"{RESULT_TAG}{fingerprint}"
    runs = client.search_runs(experiments, f"tags.`{tag}` != ''", max_results=N_TRIED)
    for run in runs:
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
