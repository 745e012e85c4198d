"""The code of an earlier run in a folder: its commit and diff, or its recorded sources."""

from __future__ import annotations

import re
import subprocess
import zipfile
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.layout import COMMIT_RECORD, DIFF_RECORD, SOURCES_RECORD
from runforest.results.names import below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runforest.tracking.recorded_run import RecordedRun


@contextmanager
def code_of_run(run: RecordedRun, project: Path) -> Iterator[Path]:
    """Yield a temporary folder with the run's code; it is gone afterwards.

    Raises
    ------
    ArtifactError
        The recorded commit cannot be read, is not in this clone, or its diff does not apply.
    """
    commit = run.record(COMMIT_RECORD, "commit")
    with TemporaryDirectory(prefix="runforest-") as scratch:
        folder = Path(scratch) / "project"
        if commit["commit"] is None:
            with zipfile.ZipFile(run.artifacts / SOURCES_RECORD) as archive:
                archive.extractall(folder)
            yield folder
            return
        _add_worktree(project, folder, commit["commit"], run)
        try:
            _apply_diff(run.artifacts / DIFF_RECORD, folder, run)
            inside = str(commit["folder"]).rstrip("/")
            yield below(folder, inside) if inside else folder
        finally:
            _git(project, "worktree", "remove", "--force", str(folder))


def _add_worktree(project: Path, folder: Path, commit: str, run: RecordedRun) -> None:
    if not re.fullmatch(r"[0-9a-f]{7,64}", str(commit)):
        message = f"run {run.name} names no commit: {commit!r}. Name another run."
        raise ArtifactError(message)
    done = _git(project, "worktree", "add", "--detach", str(folder), commit)
    if done.returncode:
        message = (
            f"run {run.name} was made from commit {commit}, which this clone does not have. Fetch "
            f"it (`git fetch --all`), or run this in the clone that does. ({done.stderr.strip()})"
        )
        raise ArtifactError(message)


def _apply_diff(patch: Path, folder: Path, run: RecordedRun) -> None:
    if not patch.exists():
        return
    done = _git(folder, "apply", "--binary", "--whitespace=nowarn", str(patch))
    if done.returncode:
        message = (
            f"the recorded diff of run {run.name} does not apply: {done.stderr.strip()} A secret "
            f"in it may have been masked; compare {DIFF_RECORD} with the commit."
        )
        raise ArtifactError(message)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - arguments are ours
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
        capture_output=True,
        text=True,
        check=False,
    )
