"""`runforest reproduce`: an earlier run done again, and whether it came out the same."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from runforest.fingerprint.ingredients import digest_cache, input_digest
from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import COMMIT_RECORD, PACKAGES_RECORD, PLATFORM_RECORD
from runforest.history.needed_runs import STUDY_FILE
from runforest.history.redo import code_of_run, recorded_inputs, redo
from runforest.history.studies import study_of
from runforest.provenance.snapshot import (
    DECISIVE,
    LEFT_OUT,
    installed_packages,
    platform_facts,
)
from runforest.provenance.sources import sizes_in_words
from runforest.tracking.recorded_run import find_run
from runforest.tuning.storage.study_file import record_of

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.results.manifest import Manifest
    from runforest.tracking.recorded_run import RecordedRun


def reproduce(
    client: MlflowClient, reference: str, project: Path, *, is_strict: bool, tolerance: float
) -> int:
    """Do a run again from its recorded commit, diff and configuration, and compare.

    Return the exit code: 0 if every task comes out as before, 1 if not. Where outputs are not the
    same bytes, metrics may differ by `tolerance`, which is relative. Raises StoreError,
    ArtifactError and TaskError when the run cannot be done again; `is_strict` adds differences of
    Python, the machine and the packages to the reasons.
    """
    run = find_run(client, reference)
    _check_environment(run, is_strict=is_strict)
    _check_inputs(run, project)
    _print_left_out(run)
    _print_earlier_trials(run)
    is_reproduced = True
    with code_of_run(run, project) as folder:
        manifests = redo(run, folder, project).manifests
        for task, manifest in run.manifests.items():
            is_same, reason = _compare(manifest, manifests.get(task), tolerance)
            is_reproduced &= is_same
            sys.stdout.write(f"  {task:<20} {_verdict(is_same=is_same)}: {reason}\n")
    sys.stdout.write(f"{run.name}: {_verdict(is_same=is_reproduced)}\n")
    return 0 if is_reproduced else 1


def _check_environment(run: RecordedRun, *, is_strict: bool) -> None:
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


def _check_inputs(run: RecordedRun, project: Path) -> None:
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


def _print_left_out(run: RecordedRun) -> None:
    """Print which files of the run are not in its recorded code, as large ones, if any."""
    files = run.record(COMMIT_RECORD, "commit").get(LEFT_OUT, {})
    if files:
        sys.stdout.write(
            f"The run had files that its recorded code lacks: {sizes_in_words(files, 20)}. If its "
            "code reads them, commit them and run again: it may come out differently here.\n"
        )


def _print_earlier_trials(run: RecordedRun) -> None:
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


def _verdict(*, is_same: bool) -> str:
    return "reproduced" if is_same else "NOT reproduced"


def _compare(old: Manifest, new: Manifest | None, tolerance: float) -> tuple[bool, str]:
    """Return whether a task came out as before, and by what that is known."""
    if new is None:
        return False, "it was not completed"
    if old.content_digest == new.content_digest:
        return True, "same bytes"
    files = [
        file
        for file, output in old.outputs.items()
        if not output.is_volatile
        and (file not in new.outputs or new.outputs[file].sha256 != output.sha256)
    ]
    what = f"{', '.join(files[:3])} differ" if files else "it has other files"
    has_same_metrics = bool(old.metrics) and old.metrics.keys() == new.metrics.keys()
    if has_same_metrics and all(
        math.isclose(value, new.metrics[name], rel_tol=tolerance)
        for name, value in old.metrics.items()
    ):
        return True, f"same metrics, though {what}"
    return False, what
