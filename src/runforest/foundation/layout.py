"""The names on disk, each once: what a project has in its output folder, a run in its own.

No folder of an experiment has a dot in its name, so that it is never one of the engine's, nor a
file. Names in manifests, tags and stores become paths only by `below`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.foundation.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG_NAME = "luigi.toml"
"""File of the project's experiment; in a run's folder, the configuration of its tasks."""

OUTPUT_FOLDER = "mlruns"
MAX_NAME_BYTES = 200
"""Of an experiment's folder; file systems take 255 bytes."""

ARTIFACTS, STAGING = "artifacts", "staging"
"""Folders of a run: what its page shows, and the results that are being computed."""

HISTORY_NAME = "metric_history.csv"
"""In the folder of a result whose task logged metrics by steps."""

JOURNAL = "journal.jsonl"
SETTINGS = "run.json"

CONFIG_RECORD = "config/effective.toml"
PROJECT_RECORD = "config/project.toml"
COMMIT_RECORD = "code/commit.json"
DIFF_RECORD = "code/diff.patch"
SOURCES_RECORD = "code/sources.zip"
PLATFORM_RECORD = "environment/platform.json"
PACKAGES_RECORD = "environment/requirements.txt"
RECORD_FOLDERS = ("code", "config", "environment")
"""Among a run's artifacts, beside one folder a task: what makes the run explainable."""

LINEAGE_PAGE = "lineage.html"
"""Page among a run's artifacts that leads from the raw files to the results."""

_UNSAFE = re.compile(r"\A[A-Za-z]:|[\\\0\ud800-\udfff]")


class Layout:
    """Where a project has what runs write; all but runs and local store below `.runforest`."""

    def __init__(self, project: Path) -> None:
        self.output = project / OUTPUT_FOLDER
        self.database = self.output / "mlflow.db"
        self.engine = self.output / ".runforest"
        self.index = self.engine / "index"
        self.index_lock = self.engine / "index.lock"
        self.open_runs = self.engine / "open"
        self.studies = self.engine / "studies"
        self.remote_runs = self.engine / "remote"
        self.cache = self.engine / "cache"
        self.digests = self.cache / "digests.txt"
        self.code = self.cache / "code.jsonl"
        self.profiles = self.cache / "profiles.jsonl"
        self.distributions = self.cache / "distributions.jsonl"
        self.locks = self.cache / "locks"
        self.downloads = self.cache / "results"
        self.pinned_results = self.cache / "pinned"

    def experiment(self, name: str) -> Path:
        r"""Return the folder of an experiment's runs, whatever people call it.

        >>> from pathlib import Path
        >>> layout = Layout(Path())
        >>> [layout.experiment(name).name for name in ("titanic", "a/b", "..", "v1.2", "é\n")]
        ['titanic', 'a-b', 'experiment', 'v1-2', 'é']
        """
        safe = re.sub(r"[^\w-]+", "-", name).encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        return self.output / (safe.strip("-") or "experiment")

    def artifacts(self, run_id: str = "*") -> Iterator[Path]:
        """Yield the artifact folder of a run that this machine has, or those of all."""
        yield from self.output.glob(f"*/{run_id}/{ARTIFACTS}")
        yield from self.remote_runs.glob(f"{run_id}/{ARTIFACTS}")


def store_lock(store: Path) -> Path:
    """Return the lock of a SQLite file that is being created."""
    return store.with_suffix(".lock")


def home_note(store: Path) -> Path:
    """Return the file that says where a SQLite file lay at its last use."""
    return store.with_name("home.txt")


def check_name(name: str) -> str:
    r"""Return a name that is a relative path, and leads nowhere but down; else raise ArtifactError.

    Empty and absolute ones, `.` and `..`, backslashes, drives, and what UTF-8 cannot encode do not.

    >>> check_name("plots/roc.png")
    'plots/roc.png'
    >>> check_name("../up")
    Traceback (most recent call last):
    runforest.foundation.errors.ArtifactError: '../up' cannot name a file of a result....
    """
    if {"", ".", ".."} & set(name.split("/")) or _UNSAFE.search(name):
        message = (
            f"{name!r} cannot name a file of a result. Use a relative path without '..', "
            "backslashes and drives."
        )
        raise ArtifactError(message)
    return name


def below(root: Path, name: str) -> Path:
    """Return the path that a name has below a folder; ArtifactError if a link leads out of it."""
    path = root / check_name(name)
    if not path.resolve().is_relative_to(root.resolve()):
        message = f"{path} is a link that leads out of {root}. Put the file itself there."
        raise ArtifactError(message)
    return path
