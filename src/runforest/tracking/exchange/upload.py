"""Results of this machine, brought to a store elsewhere: the manifest last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.results.manifest import MANIFEST_NAME

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


def upload_pointer(artifact_uri: str, folder: Path) -> None:
    """Upload the manifest of a reused result alone; it names the run that has the files."""
    upload_files(artifact_uri, folder.parent, [folder / MANIFEST_NAME])
