"""A recorded run done once more in a folder with its code, in a store that goes with the folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runforest.config.effective import toml_text
from runforest.fingerprint.ingredients import digest_cache, input_digest
from runforest.foundation.errors import ArtifactError, TaskError
from runforest.foundation.layout import (
    COMMIT_RECORD,
    CONFIG_RECORD,
    DIFF_RECORD,
    PROJECT_RECORD,
    SOURCES_RECORD,
    Layout,
    below,
)
from runforest.tracking.exchange.download import download_result
from runforest.tracking.recorded_run import top_runs
from runforest.tracking.store.connect import connect
from runforest.tracking.store.names import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runforest.tracking.recorded_run import RecordedRun


@dataclass(frozen=True, kw_only=True)
class RecordedInput:
    """A raw file or folder that a task read, and where it lies now."""

    task: str
    path: Path
    digest: str


def redo(run: RecordedRun, folder: Path, project: Path) -> RecordedRun:
    """Run the recorded configuration with the code of a folder and the project's raw files.

    Raises TaskError when the run cannot be completed, ArtifactError when a record of it cannot be
    read or a result that it was pinned to not be downloaded.
    """
    shutil.rmtree(Layout(folder).output, ignore_errors=True)
    _link_inputs(run, folder, project)
    config = folder / "reproduce.toml"
    config.write_text(toml_text(_tables(run, folder, project)), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - the recorded code is what is to be run
        [sys.executable, str(folder / "src" / "runner.py"), "--config", str(config)],
        cwd=folder,
        env=_environment(folder, project),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"run {run.name} could not be completed again:\n{done.stderr}\n{done.stdout}"
        raise TaskError(message)
    return top_runs(connect("", folder))[0]


def _tables(run: RecordedRun, folder: Path, project: Path) -> dict[str, dict[str, object]]:
    """Return the run's configuration; where the project was then, it says where it is now."""
    recorded = run.record(CONFIG_RECORD, "RunConfig", "PathConfig")
    before = recorded_project(run)
    tables = {name: _here(table, before, project) for name, table in recorded.items()}
    tables["RunConfig"] |= {"reuse": False, "scheduler": ""}
    tables["PathConfig"] = {
        name: _local_path(value, project, below(Layout(folder).pinned_results, name))
        for name, value in tables["PathConfig"].items()
    }
    return tables


def _here(value: Any, before: Path, project: Path) -> Any:  # noqa: ANN401 - any value of TOML
    """Return a value in which paths into the earlier project folder lead into this one."""
    if isinstance(value, dict):
        return {key: _here(item, before, project) for key, item in value.items()}
    if isinstance(value, list):
        return [_here(item, before, project) for item in value]
    is_path = isinstance(value, str) and value.startswith(f"{before}/")
    return f"{project}/{value.removeprefix(f'{before}/')}" if is_path else value


def _local_path(value: str, project: Path, destination: Path) -> str:
    """Return where a folder of [PathConfig] lies; what lies in a store is downloaded."""
    if urlsplit(value).scheme:
        download_result(value, destination, digest_cache(project), check=None)
        return str(destination)
    return str(project / Path(value).expanduser())


def _link_inputs(run: RecordedRun, folder: Path, project: Path) -> None:
    """Let the folder have the raw files of the project that the recorded code lacks."""
    cache = digest_cache(folder)
    for one in recorded_inputs(run, project):
        if project not in one.path.parents:
            continue
        link = folder / one.path.relative_to(project)
        if link.exists() and input_digest(link, cache) == one.digest:
            continue
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(one.path)


def _environment(folder: Path, project: Path) -> dict[str, str]:
    settings = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    search_path = settings.pop("PYTHONPATH", "")
    if search_path:
        settings["PYTHONPATH"] = os.pathsep.join(_moved(search_path, folder, project))
    return settings | {
        "PROJECT_ROOT": str(folder),
        "LUIGI_CONFIG_PARSER": "toml",
        "MLFLOW_TRACKING_URI": "",
    }


def _moved(search_path: str, folder: Path, project: Path) -> Iterator[str]:
    """Return the entries of a search path; the project's modules are those of the folder."""
    for entry in search_path.split(os.pathsep):
        path = Path(entry).resolve()
        recorded = folder / path.relative_to(project) if path.is_relative_to(project) else path
        # What the code does not have, such as an installed package, is as it is.
        yield str(recorded if recorded.exists() else path)


@contextmanager
def code_of_run(run: RecordedRun, project: Path) -> Iterator[Path]:
    """Yield a temporary folder with the run's code: its commit and diff, or its recorded sources.

    Raises ArtifactError when the clone lacks the commit, or the diff does not apply.
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


def recorded_inputs(run: RecordedRun, project: Path) -> list[RecordedInput]:
    """Return the raw files that the run's tasks read, by their recorded parameters."""
    before = recorded_project(run)
    found = []
    for task, manifest in run.manifests.items():
        for key, digest in manifest.ingredients.get("inputs", {}).items():
            path = Path(run.params[safe_name(f"{task}.{key}")])
            if path.is_relative_to(before):
                path = path.relative_to(before)
            path = Path(os.path.normpath(project / path))
            found.append(RecordedInput(task=task, path=path, digest=digest))
    return found


def recorded_project(run: RecordedRun) -> Path:
    """Return where the project lay when the run was made."""
    return Path(run.record(PROJECT_RECORD, "project")["project"])
