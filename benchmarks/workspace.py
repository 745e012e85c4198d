"""Folders to measure in: copies of this project, and folders that are put back as they were."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import clean_environment, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
PARTS = ("src", "experiments", "input", "luigi.toml", ".gitignore")
_NO_CACHES = shutil.ignore_patterns("__pycache__", "*.pyc")

_CREATE_STORE = """
import sys
from pathlib import Path
from runforest.tracking.store.connect import connect
project = Path.cwd()
connect("sqlite:///" + str(project / "mlruns" / "mlflow.db"), project)
"""


def copy_project(folder: Path, *parts: str) -> None:
    """Copy parts of this project, sources and all, into a new git repository."""
    for name in parts or PARTS:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=_NO_CACHES)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)


def commit_all(folder: Path) -> None:
    """Make a folder a git repository with one commit of all it holds."""
    environment = clean_environment()
    identity = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "All"]):
        prepare(["git", *command], folder, environment)


def create_store(folder: Path) -> None:
    """Create the empty tracking store of a project, and compile its sources."""
    environment = clean_environment(PYTHONPATH=str(folder / "src"))
    prepare([sys.executable, "-c", _CREATE_STORE], folder, environment)
    prepare([sys.executable, "-m", "compileall", "-q", "src"], folder, environment)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts into a folder, by relative path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Workspace:
    """A folder whose states are kept under a name and can be put back, links and times included."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / name
        self._kept = root / ".kept" / name
        self._used = root / ".used" / name

    def keep(self, state: str) -> None:
        """Remember the folder as it is."""
        self._copy(self.folder, self._kept / state)

    def put_back(self, state: str) -> None:
        """Make the folder what it was when the state was kept.

        What was there is put aside until the end: ext4 passes over the inodes of files deleted in
        the last minutes (`recently_deleted` in ialloc.c), for which the next command would pay.
        """
        if self.folder.exists():
            self._used.mkdir(parents=True, exist_ok=True)
            self.folder.rename(self._used / str(len(list(self._used.iterdir()))))
        self._copy(self._kept / state, self.folder)

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Tools recognise files by their times and links; `cp -a` keeps both.
        prepare(["cp", "-a", str(source), str(target)], target.parent, clean_environment())
