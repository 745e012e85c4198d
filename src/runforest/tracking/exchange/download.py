"""Results of a store that is not this machine: fetched beside, verified, then put in their place.

What a store says is what anybody with access to it wrote. So names become paths through
`results.names` alone, and only the files that a manifest names are fetched.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from runforest.errors import ArtifactError
from runforest.layout import RECORD_FOLDERS
from runforest.results.digests import file_digest
from runforest.results.manifest import MANIFEST_NAME, read_manifest
from runforest.results.names import below, check_name
from runforest.tracking.store.connect import hide_password
from runforest.tracking.store.location import local_path
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from runforest.layout import Layout
    from runforest.results.digests import DigestCache
    from runforest.results.manifest import Manifest

logger = logging.getLogger(__name__)

DRAFT = ".draft"
"""End of the name of what is being downloaded."""


_failed: set[str] = set()
"""Stores, places and results that failed in this process: each is logged once."""


class UnreadablePlaceError(ArtifactError):
    """A place of artifacts cannot be read at all: no access, no network, no library for it."""


def log_failure(what: str, message: str, *values: object) -> None:
    """Log why a store, a place or a result cannot be used, once in this process."""
    if what not in _failed:
        logger.warning(message, *values)
    _failed.add(what)


def has_failed(what: str) -> bool:
    """Return whether a failure of a store, a place or a result was logged in this process."""
    return what in _failed


def place_of(uri: str) -> str:
    """Return what fails as a whole: a bucket, a server, the folders of other machines.

    >>> place_of("s3://bucket/1/run/artifacts")
    's3://bucket'
    """
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def do_not_check(_folder: Path, _manifest: Manifest) -> None:
    """Let a result be used whose files are not loaded as models here, or whose store is trusted."""


def download_result(
    uri: str,
    destination: Path,
    digests: DigestCache,
    check: Callable[[Path, Manifest], None],
) -> Path:
    """Return a local folder with the result of a URI, downloaded unless it is there, undamaged.

    A result that its run reused lies in the run that computed it, and is fetched from there.

    Parameters
    ----------
    digests
        What the files are recognised by that are there.
    check
        Raises an ArtifactError where the result may not be used; called with its folder.

    Raises
    ------
    ArtifactError
        There is no complete result at the URI, or it may not be used.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Of several that want it, one downloads it, and none removes what another has just put there.
    with _lock(destination):
        if is_intact(destination, digests):
            check(destination, _manifest_of(destination, uri))
            return destination
        if destination.exists():
            logger.warning("%s is damaged, and downloaded again.", destination)
        draft = destination.with_name(f"{destination.name}{DRAFT}")
        try:
            manifest = _fetch(uri, draft)
            check(draft, manifest)
            shutil.rmtree(destination, ignore_errors=True)
            draft.rename(destination)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        for name, output in manifest.outputs.items():
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
    for draft in (
        draft
        for cache in (layout.downloads, layout.pinned_results)
        for draft in cache.glob(f"*{DRAFT}")
    ):
        with suppress(Timeout), _lock(draft.with_name(draft.name.removesuffix(DRAFT)), 0):
            shutil.rmtree(draft, ignore_errors=True)


def _lock(destination: Path, timeout_s: float = -1) -> FileLock:
    """Return the lock that a process holds while it downloads a result."""
    return FileLock(destination.with_name(f"{destination.name}.lock"), timeout_s)


def _fetch(uri: str, draft: Path) -> Manifest:
    """Download a result into an empty folder and verify it; return its manifest."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    place = Place(uri)
    if MANIFEST_NAME in place.names():
        place.fetch(MANIFEST_NAME, draft)
    manifest = _manifest_of(draft, uri)
    if manifest.reused_from and not place.has(manifest.outputs):
        place = Place(_origin_uri(manifest.reused_from, manifest.fingerprint, uri))
    for name, output in manifest.outputs.items():
        path = place.fetch(name, draft)
        if file_digest(path) != output.sha256:
            message = f"{uri}/{name} is damaged. Name another result."
            raise ArtifactError(message)
        path.chmod(0o444)
    for name in manifest.empty_folders:  # a store of files has none
        with _writing(f"{uri}/{name}"):
            below(draft, name).mkdir(parents=True, exist_ok=True)
    return manifest


def _manifest_of(folder: Path, uri: str) -> Manifest:
    manifest = read_manifest(folder)
    if manifest is None:
        message = (
            f"{uri} has no {MANIFEST_NAME}: it is not a complete result. Check the run and the "
            "name of the task, or name another result."
        )
        raise ArtifactError(message)
    return manifest


class Place:
    """Where files lie: a folder of this machine, or a URI of an artifact store.

    Raises
    ------
    UnreadablePlaceError
        From each method, whatever library finds that it cannot be read.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        with self._reading():
            uri = _underlying(uri)
            self._folder = local_path(uri)
            self._repository: Any = None if self._folder else _repository(uri)

    def names(self, folder: str = "") -> dict[str, bool]:
        """Return what lies directly below the place or a folder of it: name -> is a folder."""
        with self._reading():
            if self._folder:
                root = below(self._folder, folder) if folder else self._folder
                found = root.iterdir() if root.is_dir() else ()
                return {path.relative_to(self._folder).as_posix(): path.is_dir() for path in found}
            entries = self._repository.list_artifacts(folder or None)
            return {str(entry.path): bool(entry.is_dir) for entry in entries}

    def has(self, files: Iterable[str]) -> bool:
        """Return whether the files, or the folders that they are in, lie there."""
        return {name.partition("/")[0] for name in files} <= self.names().keys()

    def fetch(self, name: str, target: Path) -> Path:
        """Copy one file to where its name puts it below a folder; return its path there.

        Raises
        ------
        ArtifactError
            The name leads elsewhere, or names no file.
        """
        path = below(target, name)
        with _writing(f"{self._uri}/{name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)
        source = below(self._folder, name) if self._folder else None
        if source and not source.is_file():
            message = f"{self._uri}/{name} is missing. Name another result."
            raise ArtifactError(message)
        with self._reading():
            if source:
                shutil.copyfile(source, path)
            else:
                # Every repository of MLflow has this method; the public one lists the folder for
                # each file, and takes the names of what lies there from the store.
                self._repository._download_file(name, str(path))  # noqa: SLF001
        return path

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ArtifactError:
            raise
        except Exception as error:
            # Border: each kind of artifact store has a library with exceptions of its own.
            reason = hide_password(str(error)).strip().partition("\n")[0] or type(error).__name__
            message = (
                f"{hide_password(self._uri)}: cannot be downloaded ({reason}). "
                "Check the run and the name of the task."
            )
            raise UnreadablePlaceError(message) from error


@contextmanager
def _writing(what: str) -> Iterator[None]:
    """Refuse a name that is both a file and a folder, or too long."""
    try:
        yield
    except OSError as error:
        message = f"{what} cannot be written here ({error}). Name another result."
        raise ArtifactError(message) from error


def _repository(uri: str) -> Any:  # noqa: ANN401 - a class of MLflow, of which there are many
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(uri)


def _underlying(uri: str) -> str:
    """Return where the artifacts lie that a `runs:/` URI names."""
    if not uri.startswith("runs:/"):
        return uri
    from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

    return str(RunsArtifactRepository.get_underlying_uri(uri))


def _origin_uri(run_id: str, fingerprint: str, uri: str) -> str:
    """Return where the result of `uri` lies in the run that computed it.

    The folder of its task may have had another name there, which stands in that run's tag.
    """
    from mlflow import MlflowClient

    try:
        run = MlflowClient().get_run(run_id)
    except Exception as error:
        # Border, as above.
        reason = hide_password(str(error))
        message = (
            f"{uri} lies in run {run_id}, which cannot be read ({reason}). Name another result."
        )
        raise ArtifactError(message) from error
    name = run.data.tags.get(f"{RESULT_TAG}{fingerprint}") or uri.rstrip("/").rpartition("/")[2]
    return f"{run.info.artifact_uri}/{check_name(name)}"


def download_records(uri: str, folder: Path) -> Path:
    """Download the manifests and records of a run, none of its results; return the folder.

    Raises
    ------
    UnreadablePlaceError
        The artifacts cannot be read.
    """
    place = Place(uri)
    for top in [name for name, is_folder in place.names().items() if is_folder]:
        for name, is_folder in place.names(top).items():
            is_wanted = top in RECORD_FOLDERS or name == f"{top}/{MANIFEST_NAME}"
            if is_wanted and not is_folder:
                place.fetch(name, folder)
    return folder
