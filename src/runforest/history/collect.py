"""`runforest gc`: old runs, their children and artifacts, and cached files nobody needs."""

from __future__ import annotations

import re
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.errors import ConfigError, Problem
from runforest.tracking.deletion import delete_runs, top_runs

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.tracking.history import RecordedRun

_UNITS_S = {"h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which runs may go: all conditions that are given have to hold."""

    older_than_s: float | None = None
    n_kept: int = 0
    only_failed: bool = False


def parse_age(text: str) -> float:
    """Return the seconds of an age.

    Raises
    ------
    ConfigError
        It is none.

    >>> parse_age("30d")
    2592000.0
    """
    match = re.fullmatch(r"(\d+)([hdw])", text)
    if match is None:
        message = f'expected a number and h, d or w, got "{text}". For example: --older-than 30d'
        raise ConfigError([Problem(where="--older-than", message=message)])
    return float(match[1]) * _UNITS_S[match[2]]


def collect_garbage(
    client: MlflowClient, project: Path, selection: Selection, *, is_real: bool
) -> int:
    """Delete the selected runs, or say which they are; return 0."""
    runs = top_runs(client)
    needed = needed_folders(runs, project)
    doomed = [run for run in select(runs, selection) if not _is_needed(run, needed)]
    doomed = without_origins(runs, doomed)
    for run in doomed:
        sys.stdout.write(
            f"{'delete' if is_real else 'would delete'} {run.run_id} {run.name} ({run.status})\n"
        )
    if not is_real:
        sys.stdout.write(
            f"{len(doomed)} of {len(runs)} runs. Nothing is deleted without --delete.\n"
        )
        return 0
    delete_runs(client, doomed)
    for run in doomed:
        _delete_folder(run, project / "mlruns")
    for name in ("index", "cache/locks", "cache/profiles"):
        shutil.rmtree(project / "mlruns" / name, ignore_errors=True)
    _delete_studies(project / "mlruns" / "studies", [run for run in runs if run not in doomed])
    sys.stdout.write(f"{len(doomed)} of {len(runs)} runs deleted.\n")
    return 0


def select(runs: list[RecordedRun], selection: Selection) -> list[RecordedRun]:
    """Return the finished runs that the conditions name; `runs` has the newest first."""
    now_ms = time.time() * 1000
    return [
        run
        for position, run in enumerate(runs)
        if run.status != "RUNNING"
        and position >= selection.n_kept
        and (not selection.only_failed or run.status in {"FAILED", "KILLED"})
        and (
            selection.older_than_s is None
            or now_ms - run.started_ms > 1000 * selection.older_than_s
        )
    ]


def needed_folders(runs: list[RecordedRun], project: Path) -> set[Path]:
    """Return the result folders to which runs, or luigi.toml, are pinned."""
    pins: set[Path] = set()
    for run in runs:
        pins |= {(project / folder).resolve() for folder in run.pins.values()}
    return pins


def without_origins(runs: list[RecordedRun], doomed: list[RecordedRun]) -> list[RecordedRun]:
    """Return the doomed runs without those whose files a kept run only points to.

    On this machine a run has all files of its results; on a server a reused result is a manifest
    that names the run with the files.
    """
    while True:
        kept = [run for run in runs if run not in doomed and not run.is_local]
        origins = {manifest.reused_from for run in kept for manifest in run.manifests.values()}
        remaining = [run for run in doomed if run.is_local or run.run_id not in origins]
        if remaining == doomed:
            return doomed
        doomed = remaining


def _delete_folder(run: RecordedRun, store: Path) -> None:
    """Delete what this machine has of a run; nothing that lies outside the project's store.

    The artifacts of a run on a server are here a download in some temporary folder, which says
    nothing of where the run was computed.
    """
    folder = (run.artifacts.parent if run.is_local else store / "remote" / run.run_id).resolve()
    if folder.name == run.run_id and folder.is_relative_to(store.resolve()):
        shutil.rmtree(folder, ignore_errors=True)


def _delete_studies(folder: Path, kept: list[RecordedRun]) -> None:
    """Delete the studies that no kept run has worked on, whose results have copies of their own."""
    oldest_s = min((run.started_ms / 1000 for run in kept), default=time.time())
    for file in folder.glob("*"):
        if file.stat().st_mtime < oldest_s:
            file.unlink()


def _is_needed(run: RecordedRun, needed: set[Path]) -> bool:
    return any(folder.is_relative_to(run.artifacts.parent.resolve()) for folder in needed)
