"""`runforest gc`: old runs, their children and artifacts, and cached files nobody needs."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from runforest.config.pins import pinned_folder
from runforest.foundation.errors import ConfigError, Problem
from runforest.foundation.layout import Layout
from runforest.foundation.locks import LOCK_SUFFIX
from runforest.history.needed_runs import exclude_required
from runforest.tracking.recorded_run import delete_runs, top_runs
from runforest.tracking.tags import PROJECT_TAG, RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.tracking.recorded_run import RecordedRun

_UNITS_S = {"h": 3600, "d": 86_400, "w": 604_800}
_STARTING_S = 86_400
"""How long a download is spared that no run names, or that is under way."""


_CONDITIONS = (
    "no condition is given, so no run is selected. Give one or more, all of which have to hold: "
    "--older-than 30d, --failed, --keep 5; --keep 0 selects all runs."
)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which runs may go: all conditions that are given have to hold."""

    older_than_s: float = 0.0
    n_kept: int = 0
    only_failed: bool = False

    @classmethod
    def of(cls, older_than: str, n_kept: int | None, *, only_failed: bool) -> Selection:
        """Return the selection of a command line; ConfigError if it is wrong or empty."""
        if not older_than and n_kept is None and not only_failed:
            raise ConfigError([Problem(where="runforest gc", message=_CONDITIONS)])
        if n_kept is not None and n_kept < 0:
            message = f"expected a number that is not negative, got {n_kept}. For example: --keep 5"
            raise ConfigError([Problem(where="--keep", message=message)])
        return cls(
            older_than_s=parse_age(older_than) if older_than else 0.0,
            n_kept=n_kept or 0,
            only_failed=only_failed,
        )


def parse_age(text: str) -> float:
    """Return the seconds of an age.

    >>> parse_age("30d")
    2592000.0
    """
    match = re.fullmatch(r"(\d+)([hdw])", text)
    if match is None:
        message = f'expected a number and h, d or w, got "{text}". For example: --older-than 30d'
        raise ConfigError([Problem(where="--older-than", message=message)])
    return float(match[1]) * _UNITS_S[match[2]]


def collect_garbage(
    client: MlflowClient,
    project: Path,
    selection: Selection,
    *,
    pins: Collection[str],
    is_shared: bool,
    is_real: bool,
) -> int:
    """Delete the selected runs, or print which they are; return 0.

    Runs that the pins of luigi.toml name are spared, and in a shared store those of other projects.
    """
    listed_s, layout = time.time(), Layout(project)
    runs = top_runs(client)
    ours = [run for run in runs if not is_shared or is_ours(run, project)]
    chosen = exclude_required(runs, select(ours, selection), pins, project)
    for run in chosen:
        what = "delete" if is_real else "would delete"
        sys.stdout.write(f"{what} {run.run_id} {run.name} ({run.status})\n")
    count = f"{len(chosen)} of {len(ours)} runs"
    if not is_real:
        sys.stdout.write(f"{count}. Nothing is deleted without --delete.\n")
        return 0
    for run in chosen:
        _delete_folder(run, layout)
    _delete_index(layout.index)
    gone = {run.run_id for run in chosen}
    kept = [run for run in runs if run.run_id not in gone]
    _delete_studies(layout.studies, kept, listed_s)
    _trim_caches(project, kept, pins)
    # Last: when this is interrupted before, or fails, another gc finds the runs and goes on.
    delete_runs(client, chosen)
    sys.stdout.write(f"{count} deleted.\n")
    return 0


def is_ours(run: RecordedRun, project: Path) -> bool:
    """Return whether a run was made by this project, and not by one of equal name elsewhere.

    Two containers may have equal host names and paths, but not the folder of a run.
    """
    is_of_project = run.tags.get(PROJECT_TAG) == str(project)
    return is_of_project and _local_folder(run, Layout(project)).is_dir()


def _local_folder(run: RecordedRun, layout: Layout) -> Path:
    """Return the run's folder on this machine; what is downloaded of a run on a server is none."""
    return run.artifacts.parent if run.is_local else layout.remote_runs / run.run_id


def select(runs: list[RecordedRun], selection: Selection) -> list[RecordedRun]:
    """Return the finished runs that the conditions name; `runs` has the newest first."""
    now_ms = time.time() * 1000
    return [
        run
        for position, run in enumerate(runs)
        if run.status != "RUNNING"
        and position >= selection.n_kept
        and (not selection.only_failed or run.status in {"FAILED", "KILLED"})
        and now_ms - run.started_ms >= 1000 * selection.older_than_s
    ]


def _delete_folder(run: RecordedRun, layout: Layout) -> None:
    """Delete what this machine has of a run; nothing that lies outside the project's store."""
    folder = _local_folder(run, layout).resolve()
    is_id = re.fullmatch(r"[0-9a-f]{32}", run.run_id)  # as MLflow makes them
    if is_id and folder.name == run.run_id and folder.is_relative_to(layout.output.resolve()):
        shutil.rmtree(folder, ignore_errors=True)


def _delete_studies(folder: Path, kept: list[RecordedRun], listed_s: float) -> None:
    """Delete the studies that no kept run has worked on, whose results have copies of their own.

    Those of a run that started after the runs were listed, at `listed_s`, are spared as well.
    """
    oldest_s = min((run.started_ms / 1000 for run in kept), default=listed_s)
    files = sorted(file for file in folder.glob("*") if file.suffix != LOCK_SUFFIX)
    for lock, of_study in groupby(files, key=lambda file: file.with_suffix(LOCK_SUFFIX)):
        _delete_study(lock, list(of_study), oldest_s)


def _delete_study(lock: Path, files: list[Path], oldest_s: float) -> None:
    """Delete a study that is older, unless a process has it.

    The lock stays: a process that has opened it would hold another one than the next that comes.
    """
    with suppress(Timeout, FileNotFoundError), FileLock(lock, timeout=0):
        if max(file.lstat().st_mtime for file in files) < oldest_s:
            for file in files:
                file.unlink()


def _delete_index(index: Path) -> None:
    """Delete the index, to be made anew: in one step, as seen by a run that goes on just now."""
    aside = index.with_suffix(f".{os.getpid()}.old")
    if index.is_dir():
        index.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _trim_caches(project: Path, kept: list[RecordedRun], pins: Collection[str]) -> None:
    """Delete downloads that no kept run names or that died, and what is made anew; no lock."""
    layout = Layout(project)
    for file in (layout.digests, layout.code, layout.profiles):
        file.unlink(missing_ok=True)
    needed = {tag.removeprefix(RESULT_TAG) for run in kept for tag in run.tags}
    pinned = {*pins, *(pin for run in kept if run.is_readable for pin in run.pins.values())}
    needed |= {pinned_folder(project, pin).name for pin in pinned}
    for folder in [*layout.downloads.glob("*"), *layout.pinned_results.glob("*")]:
        with suppress(FileNotFoundError):  # a download that got its final name just now
            age_s = time.time() - folder.stat().st_mtime
            if folder.name not in needed and age_s > _STARTING_S:
                shutil.rmtree(folder, ignore_errors=True)
