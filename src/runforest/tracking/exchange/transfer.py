"""Results on a store that is not this machine: uploaded manifest last, downloaded on demand."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from runforest.errors import ArtifactError
from runforest.layout import RECORD_FOLDERS
from runforest.results.digests import file_digest
from runforest.results.manifest import MANIFEST_NAME, read_manifest
from runforest.tracking.store.connect import hide_password
from runforest.tracking.store.location import local_path
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from runforest.layout import Layout
    from runforest.results.digests import DigestCache
    from runforest.results.manifest import Manifest

logger = logging.getLogger(__name__)

DRAFT = ".draft"
"""End of the name of what is being downloaded."""


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


def upload_pointer(artifact_uri: str, folder: Path) -> None:
    """Upload the manifest of a reused result alone; it names the run that has the files."""
    upload_files(artifact_uri, folder.parent, [folder / MANIFEST_NAME])


def download_result(uri: str, destination: Path, digests: DigestCache) -> Path:
    """Return a local folder with the result of a URI, downloaded unless it is there, undamaged.

    A result that its run reused lies in the run that computed it, and is fetched from there.

    Parameters
    ----------
    digests
        What the files are recognised by that are there.

    Raises
    ------
    ArtifactError
        There is no complete result at the URI.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Of several that want it, one downloads it, and none removes what another has just put there.
    with _lock(destination):
        if not is_intact(destination, digests):
            if destination.exists():
                logger.warning("%s is damaged, and downloaded again.", destination)
            shutil.rmtree(destination, ignore_errors=True)
            for name, output in _fetch(uri, destination).outputs.items():
                digests.remember(destination / name, output.sha256)
    return destination


def is_intact(folder: Path, digests: DigestCache) -> bool:
    """Return whether a folder has a complete result whose files are as they were."""
    try:
        manifest = read_manifest(folder)
        return manifest is not None and all(
            digests.is_same(folder / name, output.size_bytes, output.sha256)
            for name, output in manifest.outputs.items()
        )
    except (ArtifactError, OSError):
        return False


def remove_drafts(layout: Layout) -> None:
    """Delete what killed downloads left behind; those that go on hold their lock."""
    pinned, others = layout.pinned_results, layout.downloads
    for draft in [*others.glob(f"*/*{DRAFT}"), *pinned.glob(f"*{DRAFT}")]:
        with suppress(Timeout), _lock(draft.with_name(draft.name.removesuffix(DRAFT)), 0):
            shutil.rmtree(draft, ignore_errors=True)


def _lock(destination: Path, timeout_s: float = -1) -> FileLock:
    """Return the lock that a process holds while it downloads a result."""
    return FileLock(destination.with_name(f"{destination.name}.lock"), timeout_s)


def check_files(folder: Path, manifest: Manifest, uri: str) -> None:
    """See that the downloaded files are those that the manifest vouches for.

    Raises
    ------
    ArtifactError
        One is missing or differs.
    """
    for name, output in manifest.outputs.items():
        path = folder / name
        if not path.is_file() or file_digest(path) != output.sha256:
            message = f"{uri}/{name} is missing or damaged. Name another result."
            raise ArtifactError(message)


def _fetch(uri: str, destination: Path) -> Manifest:
    """Download a result, verify it, and put it where it belongs; return its manifest."""
    draft = destination.with_name(f"{destination.name}{DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        folder = _download(uri, draft)
        manifest = read_manifest(folder)
        if manifest is None:
            message = f"{uri} has no {MANIFEST_NAME}: it is not a complete result. Name another."
            raise ArtifactError(message)
        if manifest.reused_from and any(not (folder / name).exists() for name in manifest.outputs):
            origin = _origin_uri(manifest.reused_from, manifest.fingerprint, uri)
            folder = _download(origin, draft / "origin")
        check_files(folder, manifest, uri)
        for name in manifest.empty_folders:  # a store of files has none
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in manifest.outputs:
            (folder / name).chmod(0o444)
        folder.rename(destination)
        return manifest
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _download(uri: str, folder: Path) -> Path:
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    folder.mkdir(parents=True, exist_ok=True)
    source = local_path(uri)
    try:
        if source:  # which MLflow would parse as a URI once more
            return Path(shutil.copytree(source, folder / source.name))
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        reason = hide_password(str(error))
        message = f"{uri}: cannot be downloaded ({reason}). Check the run and the name of the task."
        raise ArtifactError(message) from error


def _origin_uri(run_id: str, fingerprint: str, uri: str) -> str:
    """Return where the result of `uri` lies in the run that computed it.

    The folder of its task may have had another name there, which that run's tag tells.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        run = MlflowClient().get_run(run_id)
    except MlflowException as error:
        reason = hide_password(str(error))
        message = (
            f"{uri} lies in run {run_id}, which cannot be read ({reason}). Name another result."
        )
        raise ArtifactError(message) from error
    name = run.data.tags.get(f"{RESULT_TAG}{fingerprint}") or uri.rstrip("/").rpartition("/")[2]
    return f"{run.info.artifact_uri}/{name}"


def download_records(uri: str, folder: Path) -> Path:
    """Download the manifests and records of a run, none of its results; return the folder."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(uri)
    for entry in repository.list_artifacts():
        if entry.path in RECORD_FOLDERS:
            repository.download_artifacts(entry.path, str(folder))
        elif entry.is_dir and any(
            one.path == f"{entry.path}/{MANIFEST_NAME}"
            for one in repository.list_artifacts(entry.path)
        ):
            repository.download_artifacts(f"{entry.path}/{MANIFEST_NAME}", str(folder))
    return folder
