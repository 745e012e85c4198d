"""The commit of the project and what differs from it, read with the git command."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.layout import OUTPUT_FOLDER
from runforest.provenance.sources import is_code, sizes_in_words, within_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Commit:
    """The state of the work tree; `diff` and `left_out` are empty exactly when it is clean.

    Without a commit `sha` is empty, and `problem` says why. `folder` is where the project lies in
    the repository. `left_out` are the changed files that the diff lacks, with their sizes in bytes.
    """

    sha: str = ""
    branch: str = ""
    folder: str = ""
    diff: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def is_dirty(self) -> bool:
        """Whether the work tree differs from the commit."""
        return bool(self.diff or self.left_out)

    @property
    def note(self) -> str:
        """What the record of the code lacks, and the remedy; empty if nothing."""
        if self.left_out:
            return (
                f"Left out of the recorded code: {sizes_in_words(self.left_out)}. Commit what is "
                "code, and name data in .gitignore."
            )
        return f"The run records no commit: {self.problem}" if self.problem else ""


def read_commit(project: Path) -> Commit:
    """Return the commit of a project and the difference to it, new files of code included."""
    if shutil.which("git") is None:
        return Commit(problem="git is not installed. Install it.")
    try:
        facts = ("--show-toplevel", "--show-prefix", "--git-path", "objects")
        top, folder, objects = _git(project, "rev-parse", *facts).splitlines()
        sha = _git(project, "rev-parse", "--verify", "HEAD").strip()
        branch = _git(project, "rev-parse", "--abbrev-ref", "HEAD").strip()
        code, left_out = _changed_files(Path(top), folder)
        diff = _diff(Path(top), (project / objects).resolve(), code) if code else ""
    except subprocess.CalledProcessError as error:
        return Commit(problem=_problem(error.stderr.decode(errors="replace").strip()))
    return Commit(sha=sha, branch=branch, folder=folder, diff=diff, left_out=left_out)


def _problem(message: str) -> str:
    """Return why git did not return a commit, and what to do."""
    remedy = next((line for line in message.splitlines() if "safe.directory" in line), "")
    if remedy:
        return f"the repository belongs to another user. Run `{remedy.strip()}`."
    if "not a git repository" in message:
        return "the project is in no git repository. Run `git init` and commit the code."
    if "Needed a single revision" in message:
        return "the repository has no commit yet. Commit the code."
    return f"git fails: {message}"


def _changed_files(top: Path, folder: str) -> tuple[list[str], dict[str, int]]:
    """Return the changed files of code, and the others with their sizes; paths are from the top."""
    status = _git(top, "status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all")
    entries = [one.split(" ", _N_FIELDS[one[0]]) for one in status.split("\0") if one]
    output = f"{folder}{OUTPUT_FOLDER}/"  # which is no source, whether git ignores it or not
    sizes = {one[-1]: _size(top / one[-1]) for one in entries if not one[-1].startswith(output)}
    old_ids = {entry[-1]: entry[_OLD_ID] for entry in entries if entry[0] != "?"}
    for name, size in zip(old_ids, _object_sizes(top, old_ids.values()), strict=True):
        sizes[name] = max(size, sizes.get(name, 0))
    other = {
        name: size
        for name, size in sizes.items()
        if name not in old_ids and not is_code(top / name, name.removeprefix(folder))
    }
    code, large = within_bounds({name: sizes[name] for name in sizes.keys() - other.keys()})
    return code, large | other


_N_FIELDS = {"1": 8, "u": 10, "?": 1}  # before the path, by the kind of entry
_OLD_ID = 6


def _object_sizes(top: Path, ids: Iterable[str]) -> list[int]:
    """Return the sizes of committed files; 0 where there is none, as of a submodule."""
    ids_in_lines = "\n".join(ids).encode()
    lines = _git(top, "cat-file", "--batch-check=%(objectsize)", stdin=ids_in_lines).splitlines()
    return [int(line) if line.isdigit() else 0 for line in lines]


def _diff(top: Path, objects: Path, names: list[str]) -> str:
    """Return a patch from HEAD to the work tree; index and object store stay as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            "GIT_INDEX_FILE": str(Path(scratch) / "index"),
            "GIT_LITERAL_PATHSPECS": "1",  # a file name may look like a pattern
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }
        _git(top, "read-tree", "HEAD", environment=environment)
        _git(top, *_ADD, environment=environment, stdin=os.fsencode("\0".join(names)))
        return _git(top, *_DIFF, environment=environment)


_ADD = ("add", "--all", "--force", "--pathspec-from-file=-", "--pathspec-file-nul")
# Plumbing, since what `git diff` prints depends on the user's configuration.
_DIFF = ("diff-index", "--cached", "--patch", "--binary", "--no-ext-diff", "--no-textconv", "HEAD")


def _git(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, stdin: bytes = b""
) -> str:
    """Return what git prints, in English; bytes that are no UTF-8 are escaped."""
    done = subprocess.run(  # noqa: S603 - arguments are ours
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
        input=stdin,
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C", **(environment or {})},
    )
    return done.stdout.decode(errors="surrogateescape")


def _size(path: Path) -> int:
    return path.lstat().st_size if path.is_symlink() or path.is_file() else 0
