"""Places where artifacts lie: a folder of this machine, or the URI of an artifact store."""

from __future__ import annotations

import logging
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import below
from runforest.tracking.store.uri import hide_password, local_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

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


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Turn whatever a store raises within the block into an UnreadablePlaceError."""
    try:
        yield
    except ArtifactError:
        raise
    except Exception as error:
        # Border: each kind of artifact store has a library with exceptions of its own.
        reason = hide_password(str(error)).strip().partition("\n")[0] or type(error).__name__
        message = (
            f"{hide_password(uri)}: cannot be downloaded ({reason}). Check the run and the name of "
            "the task, or name another result."
        )
        raise UnreadablePlaceError(message) from error


class Place:
    """The files below a URI; whatever a store says of them, they are copied to below a folder.

    Each method raises an UnreadablePlaceError where the store cannot be read.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        with reading(uri):
            self._folder = local_path(uri)
            if self._folder is None:
                from mlflow.store.artifact import artifact_repository_registry as registry

                repository: Any = registry.get_artifact_repository(uri)
                self._repository = getattr(repository, "repo", repository)  # of `runs:/`
                self._folder = local_path(self._repository.artifact_uri)

    def names(self, folder: str = "") -> dict[str, bool]:
        """Return what lies directly below the place or a folder of it: name -> is a folder."""
        with reading(self._uri):
            if self._folder:
                root = below(self._folder, folder) if folder else self._folder
                found = root.iterdir() if root.is_dir() else ()
                return {path.relative_to(self._folder).as_posix(): path.is_dir() for path in found}
            entries = self._repository.list_artifacts(folder or None)
            return {str(entry.path): bool(entry.is_dir) for entry in entries}

    def fetch(self, name: str, target: Path) -> Path:
        """Copy one file to where its name puts it below a folder; return its path there.

        Raises
        ------
        ArtifactError
            The name leads elsewhere, names no file, or is that of another file's folder.
        """
        path = below(target, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)
        except OSError as error:
            message = f"{self._uri}/{name} cannot be written ({error}). Name another result."
            raise ArtifactError(message) from error
        source = below(self._folder, name) if self._folder else None
        if source and not source.is_file():
            message = f"{self._uri}/{name} is missing. Name another result."
            raise ArtifactError(message)
        with reading(self._uri):
            if source:
                shutil.copyfile(source, path)
            else:
                # Every repository of MLflow has this method; the public one lists the folder for
                # each file, and takes the names of what lies there from the store.
                self._repository._download_file(name, str(path))  # noqa: SLF001
        return path
