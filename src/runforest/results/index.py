"""Committed results, found again by their fingerprint: a small index of files beside the store.

The index answers without MLflow, so that a plan and a run with nothing to do stay cheap. It is a
cache: what it names is checked against manifests and digests, and it is made anew when it is gone.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import Layout
from runforest.foundation.locks import held
from runforest.results.artifacts import make_empty, publish
from runforest.results.digests import DigestCache
from runforest.results.line_cache import append_line
from runforest.results.manifest import MANIFEST_NAME, Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_TAIL_BYTES = 1 << 14
_MARK = "whole"
"""File of an index that was made from all manifests."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A committed result: its folder and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def computed_by(self) -> str:
        """Id of the run that computed it, however often it was reused since."""
        return self.manifest.reused_from or self.manifest.run_id


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a look-up found, and why earlier results of the same fingerprint do not count."""

    result: Result | None
    rejected: tuple[str, ...] = ()


class ResultSource(Protocol):
    """Where results of other projects and machines are found; part of a run, in each process."""

    def find(self, fingerprint: str) -> Result | None:
        """Return a verified result on this machine, None where there is none or none is safe."""
        ...


class ResultIndex:
    """The results of a project, by fingerprint and by task."""

    def __init__(self, layout: Layout, folder: Path | None = None) -> None:
        self._layout = layout
        self._folder = folder or layout.index
        self._digests = DigestCache(layout.digests)

    def add(self, folder: Path, manifest: Manifest) -> None:
        """Make a result known that was committed just now, so that no run reads it again."""
        for name, output in manifest.outputs.items():
            self._digests.remember(folder / name, output.sha256)
        self._enter(folder, manifest)

    def _enter(self, folder: Path, manifest: Manifest) -> None:
        """Make a result known; its files are verified when it is looked up."""
        self._ensure()
        line = f"{str(folder).removeprefix(f'{self._layout.output}{os.sep}')}\n".encode()
        append_line(self._file(manifest.fingerprint), line)
        append_line(self._folder / "tasks" / folder.name, line)

    def find(self, fingerprint: str, source: ResultSource | None) -> Search:
        """Return the newest intact result of a fingerprint, of this project or else the source."""
        rejected: list[str] = []
        for folder in self._folders(self._file(fingerprint)):
            try:
                manifest = read_intact(folder, self._digests)
            except ArtifactError as error:
                if folder.parent.is_dir():  # else gone with its run, which is no news
                    rejected.append(str(error))
                continue
            if manifest.fingerprint == fingerprint:
                return Search(result=Result(folder=folder, manifest=manifest))
        result = source.find(fingerprint) if source else None
        return Search(result=result, rejected=tuple(rejected))

    def recent(self, task_folder: str) -> Iterator[Result]:
        """Yield the latest results of a task, newest first, whatever their fingerprint."""
        for folder in self._folders(self._folder / "tasks" / task_folder):
            with suppress(ArtifactError):
                manifest = read_manifest(folder)
                if manifest:
                    yield Result(folder=folder, manifest=manifest)

    def lock(self, fingerprint: str, task_folder: str) -> AbstractContextManager[None]:
        """Return the lock that one process holds while it computes the result of a task."""
        reason = f"{task_folder} is being computed by another run: this one waits for it."
        return held(self._layout.locks / fingerprint, reason)

    def _folders(self, file: Path) -> Iterator[Path]:
        """Yield the folders named in a file of the index, newest first, each once, gone or not."""
        self._ensure()
        try:
            end = file.read_bytes()[-_TAIL_BYTES:]
        except FileNotFoundError:
            return
        lines = end.decode(errors="replace").splitlines()
        for line in dict.fromkeys(reversed(lines)):
            yield self._layout.output / line

    def _file(self, fingerprint: str) -> Path:
        return self._folder / f"fingerprints/{fingerprint[:2]}/{fingerprint}"

    def add_all(self, artifacts: Path) -> None:
        """Make all results of a run's artifact folder known, whatever became of their files."""
        for path in sorted(artifacts.glob(f"*/{MANIFEST_NAME}")):
            with suppress(ArtifactError):
                manifest = read_manifest(path.parent)
                if manifest:
                    self._enter(path.parent, manifest)

    def _ensure(self) -> None:
        """Make the index from the manifests if there is none.

        Without the mark it holds no more than what was entered just when `gc` deleted it.
        """
        mark = self._folder / _MARK
        if mark.exists():
            return
        self._layout.engine.mkdir(parents=True, exist_ok=True)
        with FileLock(self._layout.index_lock):
            if mark.exists():
                return
            draft = self._layout.index.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            (draft / _MARK).touch()
            building = ResultIndex(self._layout, folder=draft)
            for artifacts in sorted(self._layout.artifacts(), key=lambda one: one.stat().st_mtime):
                building.add_all(artifacts)
            shutil.rmtree(self._folder, ignore_errors=True)
            draft.rename(self._folder)


@cache
def open_index(project: Path) -> ResultIndex:
    """Return the index of a project, one per process: it remembers the digests it has read."""
    return ResultIndex(Layout(project))


def read_intact(folder: Path, digests: DigestCache) -> Manifest:
    """Return the manifest of a complete result; ArtifactError if a file was lost or changed."""
    manifest = read_manifest(folder)
    if manifest is None:
        message = f"{folder} was deleted"
        raise ArtifactError(message)
    for name, output in manifest.outputs.items():
        path = folder / name
        try:
            is_same = digests.digest(path, is_immutable=True) == output.sha256
            damage = "" if is_same else "changed"
        except OSError:
            damage = "deleted"
        if damage:
            message = f"{path} was {damage}"
            raise ArtifactError(message)
    return manifest


def adopt_result(result: Result, staging: Path, final: Path, run_id: str) -> Manifest:
    """Put a result into another run: hard links where possible, copies elsewhere.

    So every run is self-contained, and deleting the older one harms no other.
    """
    make_empty(staging)
    for name in result.manifest.outputs:
        source, target = result.folder / name, staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, target)
            target.chmod(0o444)
    for name in result.manifest.empty_folders:
        (staging / name).mkdir(parents=True, exist_ok=True)
    manifest = dataclasses.replace(result.manifest, run_id=run_id, reused_from=result.computed_by)
    publish(staging, final, manifest)
    return manifest
