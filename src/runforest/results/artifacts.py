"""Artifacts: the files and folders that tasks read and write, and how they become a result."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

import luigi

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import HISTORY_NAME
from runforest.results.digests import file_digest
from runforest.results.formats import format_of
from runforest.results.manifest import MANIFEST_NAME, OutputFile, read_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runforest.results.manifest import Manifest


_MARK = ".staging"
"""File of a staging folder that is as it was made: one that was removed meanwhile lacks it."""
RESERVED = (MANIFEST_NAME, HISTORY_NAME, _MARK)
"""Names of files that the engine writes into the folder of a result."""


def artifact_name(name: str | PurePath) -> str:
    """Return the name of an artifact, relative to its task's folder, in one spelling.

    >>> artifact_name("./plots//residuals.png")
    'plots/residuals.png'

    Raises ArtifactError if it leads out of the folder, or is the name of a file of the engine.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        message = (
            f"an artifact is named by a path below its task's folder, got {str(name)!r}. Write for "
            f"instance `self.artifact({path.name or 'table.csv'!r})`."
        )
        raise ArtifactError(message)
    if str(path) in RESERVED:
        message = f"{path} is a file that Runforest writes itself. Give the file another name."
        raise ArtifactError(message)
    return str(path)


class Artifact(luigi.Target):
    """A file or folder of a task's result."""

    def __init__(self, folder: Path, name: str, *, is_volatile: bool = False) -> None:
        self.folder = folder
        self.name = name
        self.is_volatile = is_volatile

    @property
    def path(self) -> Path:
        """Where the artifact lies; a task that computes sees its staging folder here."""
        return self.folder / self.name

    @property
    def digests(self) -> dict[str, str]:
        """Digests of the file, or of the files in the folder, that are not volatile."""
        manifest = read_manifest(self.folder)
        return {
            f"{self.folder.name}/{name}": output.sha256
            for name, output in (manifest.outputs if manifest else {}).items()
            if (name == self.name or name.startswith(f"{self.name}/")) and not output.is_volatile
        }

    def exists(self) -> bool:
        """Return whether the artifact belongs to a committed result."""
        return read_manifest(self.folder) is not None and self.path.exists()

    def load(self) -> object:
        """Return the content, read by the suffix's row in `runforest.results.formats.FORMATS`."""
        return format_of(self.path).load(self.path)

    def save(self, value: object) -> None:
        """Write the content by the suffix's row in `runforest.results.formats.FORMATS`."""
        known = format_of(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        known.save(self.path, value)

    def __repr__(self) -> str:
        """Return the path, for messages."""
        return f"Artifact({self.path})"


def make_empty(folder: Path) -> None:
    """Make an empty staging folder, whatever an attempt that was killed left there."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        shutil.rmtree(folder)
        folder.mkdir()
    (folder / _MARK).touch()


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder for a result; what is not committed when the block ends is removed."""
    make_empty(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def collect_outputs(folder: Path, declared: Sequence[Artifact]) -> dict[str, OutputFile]:
    """Return every file that a task left in its folder, declared or not, with size and digest.

    What symbolic links point to is put in their place: a result holds its files itself. Raises
    ArtifactError if a declared output does not exist, or a link cannot be replaced.
    """
    missing = [artifact.name for artifact in declared if not artifact.path.exists()]
    if missing:
        message = (
            f"compute() did not write the declared output {', '.join(missing)}. "
            "Save it, or take it out of output()."
        )
        raise ArtifactError(message)
    for link in [path for path in folder.rglob("*") if path.is_symlink()]:
        _replace_link(link)
    volatile = [artifact.path for artifact in declared if artifact.is_volatile]
    engines = {folder / MANIFEST_NAME, folder / _MARK}
    return {
        path.relative_to(folder).as_posix(): OutputFile(
            size_bytes=path.stat().st_size,
            sha256=file_digest(path),
            is_volatile=any(path.is_relative_to(top) for top in volatile),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in engines
    }


def find_empty_folders(folder: Path) -> list[str]:
    """Return the names of the folders below one that have nothing in them, sorted."""
    return sorted(
        Path(path).relative_to(folder).as_posix()
        for path, folders, files in os.walk(folder)
        if not folders and not files and Path(path) != folder
    )


def _replace_link(link: Path) -> None:
    target = link.resolve()
    if not target.exists() or link.parent.resolve().is_relative_to(target):
        message = f"{link} points to {target}, which cannot be copied. Write files instead."
        raise ArtifactError(message)
    link.unlink()
    if target.is_dir():
        shutil.copytree(target, link)
    else:
        shutil.copy2(target, link)


def commit(staging: Path, final: Path, manifest: Manifest) -> None:
    """Turn a staging folder into a result whose files are read-only: later runs may share them."""
    for name in manifest.outputs:
        (staging / name).chmod(0o444)
    publish(staging, final, manifest)


def publish(staging: Path, final: Path, manifest: Manifest) -> None:
    """Write the manifest into a staging folder and make it visible in one rename.

    Raises ArtifactError if the folder is not the one that `make_empty` made.
    """
    try:
        (staging / _MARK).unlink()
    except FileNotFoundError as error:
        message = (
            f"{staging} was removed or replaced while the task computed: parts of its result may "
            "be missing. Run again."
        )
        raise ArtifactError(message) from error
    (staging / MANIFEST_NAME).unlink(missing_ok=True)  # the task's own has no place here
    write_manifest(staging, manifest)
    if final.exists():
        shutil.rmtree(final)
    staging.rename(final)
