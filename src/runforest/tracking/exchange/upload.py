"""Uploading what a run has on this machine to a store that is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.foundation.errors import ArtifactError
from runforest.results.manifest import MANIFEST_NAME, Manifest, read_manifest
from runforest.tracking.store.connect import find_active_run
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient


def upload_files(artifact_uri: str, root: Path, files: list[Path]) -> None:
    """Upload files in the given order, to where they lie below `root`."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(artifact_uri)
    for file in files:
        parent = file.parent.relative_to(root).as_posix()
        repository.log_artifact(str(file), artifact_path=None if parent == "." else parent)


def upload_last_records(artifact_uri: str, artifacts: Path) -> None:
    """Upload the files that are written when a run is closed."""
    files = sorted(path for path in artifacts.glob("*") if path.is_file())
    upload_files(artifact_uri, artifacts, [*files, *sorted((artifacts / "errors").glob("*.txt"))])


def upload_result(client: MlflowClient, artifact_uri: str, folder: Path) -> None:
    """Upload a result; its manifest last, so that no half of it ever counts.

    Of a reused result the manifest alone, when the run that it names has the files on the store.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        message = f"{folder} has no {MANIFEST_NAME}, so its result cannot be uploaded."
        raise ArtifactError(message)
    files = [] if _is_at_origin(client, manifest) else sorted(folder.rglob("*"))
    files = [path for path in files if path.is_file() and path != folder / MANIFEST_NAME]
    upload_files(artifact_uri, folder.parent, [*files, folder / MANIFEST_NAME])


def _is_at_origin(client: MlflowClient, manifest: Manifest) -> bool:
    """Return whether the run that computed a reused result has it on the store."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    run = find_active_run(client, manifest.reused_from) if manifest.reused_from else None
    name = run.data.tags.get(f"{RESULT_TAG}{manifest.fingerprint}") if run else None
    if run is None or name is None:
        return False
    entries = get_artifact_repository(run.info.artifact_uri).list_artifacts(name)
    return any(entry.path == f"{name}/{MANIFEST_NAME}" for entry in entries)
