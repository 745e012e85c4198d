"""The commit of the project and what differs from it, read with the git command."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runforest.layout import OUTPUT_FOLDER

MAX_UNTRACKED_BYTES = 5 * 1024 * 1024
"""An untracked file larger than this is data, not code, and stays out of the diff."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """The state of the work tree; `diff` is empty exactly when it is clean.

    `folder` is where the project lies in the repository.
    """

    sha: str
    branch: str
    folder: str
    diff: str
    left_out: tuple[str, ...] = ()

    @property
    def is_dirty(self) -> bool:
        """Whether the work tree differs from the commit."""
        return bool(self.diff or self.left_out)


def read_commit(project: Path) -> Commit | None:
    """Return the commit and the difference to it, new files included; None without git."""
    if shutil.which("git") is None:
        return None
    sha = _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
    if sha is None:
        return None
    branch = _git(project, "rev-parse", "--abbrev-ref", "HEAD") or ""
    folder = (_git(project, "rev-parse", "--show-prefix") or "").strip()
    status = _git(project, "status", "--porcelain", "-z", "--untracked-files=all") or ""
    if not status:
        return Commit(sha=sha.strip(), branch=branch.strip(), folder=folder, diff="")
    untracked = [line[3:] for line in status.split("\0") if line.startswith("?? ")]
    untracked = [name for name in untracked if not name.startswith(f"{folder}{OUTPUT_FOLDER}/")]
    top = Path((_git(project, "rev-parse", "--show-toplevel") or str(project)).strip())
    # A name that ends in a slash is a repository of its own.
    left_out = [
        name for name in untracked if name.endswith("/") or _size(top / name) > MAX_UNTRACKED_BYTES
    ]
    wanted = [name for name in untracked if name not in left_out]
    diff = _diff(project, top, wanted)
    return Commit(
        sha=sha.strip(), branch=branch.strip(), folder=folder, diff=diff, left_out=tuple(left_out)
    )


def _diff(project: Path, top: Path, untracked: list[str]) -> str:
    """Return a patch from HEAD to the work tree; index and object store stay as they are."""
    git_folder = Path((_git(project, "rev-parse", "--absolute-git-dir") or "").strip())
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        if (git_folder / "index").exists():
            shutil.copy2(git_folder / "index", index)
        common = (_git(project, "rev-parse", "--git-common-dir") or "").strip()
        environment = {
            "GIT_INDEX_FILE": str(index),
            "GIT_LITERAL_PATHSPECS": "1",  # a file name may look like a pattern
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str((project / common).resolve() / "objects"),
        }
        if untracked:
            paths = os.fsencode("\0".join(untracked))
            _git(
                top,
                "add",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
                environment=environment,
                stdin=paths,
            )
        _git(top, "add", "--update", environment=environment)
        return _git(top, *_DIFF_COMMAND, environment=environment) or ""


# Plumbing, since what `git diff` prints depends on the user's configuration.
_DIFF_COMMAND = (
    "diff-index",
    "--cached",
    "--patch",
    "--binary",
    "--no-ext-diff",
    "--no-textconv",
    "HEAD",
)


def _git(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, stdin: bytes = b""
) -> str | None:
    """Return what git prints, or None when it fails; bytes that are no UTF-8 are escaped."""
    done = subprocess.run(  # noqa: S603 - arguments are ours
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
