"""Results of a store that is not this machine: fetched beside, verified, then put in their place.

What a store says is what anybody with access to it wrote. So names become paths through
`runforest.foundation.layout.below` alone, and only the files that a manifest names are fetched.
"""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

from filelock import FileLock

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import RECORD_FOLDERS, below, check_name
from runforest.results.digests import file_digest
from runforest.results.index import read_intact
from runforest.results.manifest import MANIFEST_NAME, read_manifest
from runforest.tracking.exchange.places import Place, reading
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runforest.results.digests import DigestCache
    from runforest.results.manifest import Manifest

logger = logging.getLogger(__name__)


def download_result(
    uri: str,
    destination: Path,
    digests: DigestCache,
    *,
    check: Callable[[Path, Manifest], None] | None,
) -> Manifest:
    """Return the manifest of the result of a URI, downloaded unless it is there, undamaged.

    A result that its run reused lies in the run that computed it, and is fetched from there.
    `check` raises an ArtifactError where the result in a folder may not be used; it is None where
    no file is loaded as a model, or whoever wrote them is trusted.

    Raises
    ------
    ArtifactError
        There is no complete result at the URI, or it may not be used.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Of several that want it, one downloads it, and none removes what another has just put there.
    with FileLock(destination.with_name(f"{destination.name}.lock")):
        if manifest := intact_manifest(destination, digests):
            if check:
                check(destination, manifest)
            return manifest
        if destination.exists():
            logger.warning("%s is damaged, and downloaded again.", destination)
        draft = destination.with_name(f"{destination.name}.draft")
        try:
            manifest = _fetch(uri, draft)
            if check:
                check(draft, manifest)
            shutil.rmtree(destination, ignore_errors=True)
            draft.rename(destination)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        for name, output in manifest.outputs.items():
            digests.remember(destination / name, output.sha256)
    return manifest


def intact_manifest(folder: Path, digests: DigestCache) -> Manifest | None:
    """Return the manifest of a complete result whose files are as they were, None if it is not."""
    try:
        return read_intact(folder, digests)
    except ArtifactError:
        return None


def _fetch(uri: str, draft: Path) -> Manifest:
    """Download a result into an empty folder and verify it; return its manifest."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    place = Place(uri)
    names = place.names()
    if MANIFEST_NAME in names:
        place.fetch(MANIFEST_NAME, draft)
    manifest = read_manifest(draft)
    if manifest is None:
        message = (
            f"{uri} has no {MANIFEST_NAME}: it is not a complete result. Check the run and the "
            "name of the task, or name another result."
        )
        raise ArtifactError(message)
    tops = {name.partition("/")[0] for name in manifest.outputs}
    if manifest.reused_from and not tops <= names.keys():
        place = Place(_origin_uri(manifest.reused_from, manifest.fingerprint, uri))
    for name, output in manifest.outputs.items():
        path = place.fetch(name, draft)
        if file_digest(path) != output.sha256:
            message = f"{uri}/{name} is damaged. Name another result."
            raise ArtifactError(message)
        path.chmod(0o444)
    for name in manifest.empty_folders:  # a store of files has none
        try:
            below(draft, name).mkdir(parents=True, exist_ok=True)
        except OSError as error:  # it is a file, too
            message = f"{uri}/{name} cannot be made ({error}). Name another result."
            raise ArtifactError(message) from error
    return manifest


def _origin_uri(run_id: str, fingerprint: str, uri: str) -> str:
    """Return where the result of `uri` lies in the run that computed it.

    The folder of its task may have had another name there, which stands in that run's tag.
    """
    from mlflow import MlflowClient

    try:
        with reading(f"run {run_id}"):
            run = MlflowClient().get_run(run_id)
    except ArtifactError as error:  # of this result alone: the run may be deleted
        message = f"{uri} lies in another run: {error}"
        raise ArtifactError(message) from error
    name = run.data.tags.get(f"{RESULT_TAG}{fingerprint}") or uri.rstrip("/").rpartition("/")[2]
    return f"{run.info.artifact_uri}/{check_name(name)}"


def download_records(uri: str, folder: Path) -> Path:
    """Download the manifests and records of a run, none of its results; return the folder."""
    place = Place(uri)
    for top in [name for name, is_folder in place.names().items() if is_folder]:
        for name, is_folder in place.names(top).items():
            is_wanted = top in RECORD_FOLDERS or name == f"{top}/{MANIFEST_NAME}"
            if is_wanted and not is_folder:
                place.fetch(name, folder)
    return folder
