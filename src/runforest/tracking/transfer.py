"""Results on a store that is not this machine: uploaded manifest last, downloaded on demand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.manifest import MANIFEST_NAME, read_manifest

if TYPE_CHECKING:
    from pathlib import Path


def upload_result(artifact_uri: str, folder: Path) -> None:
    """Upload a committed result; its manifest last, so that no half of it ever counts."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    in_order = sorted(files, key=lambda path: path == folder / MANIFEST_NAME)
    upload_files(artifact_uri, folder.parent, in_order)


def upload_files(artifact_uri: str, root: Path, files: list[Path]) -> None:
    """Upload files in the given order, to where they lie below `root`."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(artifact_uri)
    for file in files:
        parent = file.parent.relative_to(root).as_posix()
        repository.log_artifact(str(file), artifact_path=None if parent == "." else parent)


def download_result(uri: str, destination: Path) -> Path:
    """Return a local folder with the result of a URI, downloaded unless it is there already.

    Raises
    ------
    ArtifactError
        There is no complete result at the URI.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    if read_manifest(destination) is not None:
        return destination
    draft = destination.with_name(f"{destination.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        found = download_artifacts(artifact_uri=uri, dst_path=str(draft))
    except (MlflowException, OSError) as error:
        message = f"{uri}: cannot be downloaded ({error}). Check the run and the name of the task."
        raise ArtifactError(message) from error
    folder = draft.parent / f"{draft.name}-found"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(found, folder)
    if read_manifest(folder) is None:
        message = f"{uri} has no {MANIFEST_NAME}: it is not a complete result. Name another."
        raise ArtifactError(message)
    shutil.rmtree(draft, ignore_errors=True)
    folder.rename(destination)
    return destination


def download_records(uri: str, folder: Path) -> Path:
    """Download the manifests and records of a run, but none of its results, and return the folder."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(uri)
    for entry in repository.list_artifacts():
        if entry.path in _RECORDS:
            repository.download_artifacts(entry.path, str(folder))
        elif entry.is_dir and any(
            one.path == f"{entry.path}/{MANIFEST_NAME}"
            for one in repository.list_artifacts(entry.path)
        ):
            repository.download_artifacts(f"{entry.path}/{MANIFEST_NAME}", str(folder))
    return folder


_RECORDS = ("code", "config", "environment")
