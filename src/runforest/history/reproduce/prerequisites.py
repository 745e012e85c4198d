"""What a run needs to be done again: its environment, its raw files, its study."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError
from runforest.fingerprint.ingredients import digest_cache, input_digest
from runforest.history.needed_runs import STUDY_FILE
from runforest.history.studies import study_of
from runforest.layout import COMMIT_RECORD, PACKAGES_RECORD, PLATFORM_RECORD, PROJECT_RECORD
from runforest.provenance.snapshot import (
    DECISIVE,
    LEFT_OUT,
    installed_packages,
    platform_facts,
)
from runforest.provenance.sources import sizes_in_words
from runforest.tracking.store.names import safe_name
from runforest.tuning.storage.study_file import record_of

if TYPE_CHECKING:
    from runforest.tracking.recorded_run import RecordedRun


@dataclass(frozen=True, kw_only=True)
class RecordedInput:
    """A raw file or folder that a task read, and where it lies now."""

    task: str
    path: Path
    digest: str


def check_environment(run: RecordedRun, *, is_strict: bool) -> None:
    """Print how Python, the machine and the packages differ from the recorded ones, or raise it."""
    recorded = (run.artifacts / PACKAGES_RECORD).read_text(encoding="utf-8")
    before = _environment(run.record(PLATFORM_RECORD, *DECISIVE), recorded)
    after = _environment(platform_facts(), installed_packages())
    lines = [f"  recorded {one}" for one in sorted(before - after)]
    lines += [f"  installed {one}" for one in sorted(after - before)]
    if not lines:
        return
    text = "\n".join(lines)
    if is_strict:
        message = (
            f"Python, the machine or the installed packages differ from those of run {run.name}:\n"
            f"{text}\nUse that Python and install {PACKAGES_RECORD} of the run, or "
            "leave out --strict."
        )
        raise ArtifactError(message)
    sys.stdout.write(f"Python, the machine or the installed packages differ:\n{text}\n")


def check_inputs(run: RecordedRun, project: Path) -> None:
    """Raise ArtifactError if a raw file is missing or not what it was."""
    cache = digest_cache(project)
    for one in recorded_inputs(run, project):
        if not one.path.exists():
            wrong = "is missing. Put the file back."
        elif input_digest(one.path, cache) != one.digest:
            wrong = f"changed since run {run.name}. Put back the file with SHA-256 {one.digest}."
        else:
            continue
        message = f"{one.path}, an input of {one.task}, {wrong}"
        raise ArtifactError(message)


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


def print_left_out(run: RecordedRun) -> None:
    """Print which files of the run are not in its recorded code, as large ones, if any."""
    files = run.record(COMMIT_RECORD, "commit").get(LEFT_OUT, {})
    if files:
        sys.stdout.write(
            f"The run had files that its recorded code lacks: {sizes_in_words(files, 20)}. If its "
            "code reads them, commit them and run again: it may come out differently here.\n"
        )


def print_earlier_trials(run: RecordedRun) -> None:
    """Print of each tuner how many of its trials it did not compute itself, if any."""
    for task, manifest in run.manifests.items():
        if STUDY_FILE not in manifest.outputs:
            continue
        trials = study_of(run, task).trials
        n_earlier = sum(record_of(trial).started_ms < manifest.started_ms for trial in trials)
        if n_earlier:
            sys.stdout.write(
                f"{task}: its study went on from {n_earlier} earlier of {len(trials)} trials, and "
                "starts anew here, so it may come out differently.\n"
            )


def _environment(facts: dict[str, object], packages: str) -> set[str]:
    return {f"{name} {facts[name]}" for name in DECISIVE} | set(packages.splitlines())
