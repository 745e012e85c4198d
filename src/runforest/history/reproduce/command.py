"""`runforest reproduce`: an earlier run done again, and whether it came out the same."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.history.reproduce.prerequisites import (
    check_environment,
    check_inputs,
    print_left_out,
    tell_earlier_trials,
)
from runforest.history.reproduce.redo import redo
from runforest.history.reproduce.worktree import code_of_run
from runforest.tracking.recorded_run import RecordedRun, find_run

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.results.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether one task came out as before, and how that is known."""

    task: str
    is_reproduced: bool
    reason: str


def reproduce(
    client: MlflowClient, reference: str, project: Path, *, is_strict: bool, tolerance: float
) -> int:
    """Do a run again from its recorded commit, diff and configuration, and compare.

    Parameters
    ----------
    is_strict
        Refuse if Python, the machine or the installed packages are not the recorded ones.
    tolerance
        Greatest relative difference of a metric that still counts as the same, where the
        outputs are not the same bytes.

    Returns
    -------
    exit_code
        0 if every task is reproduced, 1 if not.

    Raises
    ------
    StoreError, ArtifactError
        The run, its commit or its inputs are not there any more, or not the same.
    TaskError
        The run could not be completed again.
    """
    run = find_run(client, reference)
    check_environment(run, is_strict=is_strict)
    check_inputs(run, project)
    print_left_out(run)
    tell_earlier_trials(run)
    with code_of_run(run, project) as folder:
        again = redo(run, folder, project)
        verdicts = compare(run, again, tolerance)
    for verdict in verdicts:
        word = "reproduced" if verdict.is_reproduced else "NOT reproduced"
        sys.stdout.write(f"  {verdict.task:<20} {word}: {verdict.reason}\n")
    is_reproduced = all(verdict.is_reproduced for verdict in verdicts)
    sys.stdout.write(f"{run.name}: {'reproduced' if is_reproduced else 'NOT reproduced'}\n")
    return 0 if is_reproduced else 1


def compare(old: RecordedRun, new: RecordedRun, tolerance: float) -> list[Verdict]:
    """Return a verdict per task: by the digests of the outputs, else by its metrics."""
    after = new.manifests
    return [
        _verdict(name, manifest, after.get(name), tolerance)
        for name, manifest in old.manifests.items()
    ]


def _verdict(name: str, old: Manifest, new: Manifest | None, tolerance: float) -> Verdict:
    if new is None:
        return Verdict(task=name, is_reproduced=False, reason="it was not completed")
    if old.content_digest == new.content_digest:
        return Verdict(task=name, is_reproduced=True, reason="same bytes")
    files = [
        file
        for file, output in old.outputs.items()
        if not output.is_volatile
        and (file not in new.outputs or new.outputs[file].sha256 != output.sha256)
    ]
    what = f"{', '.join(files[:3])} differ" if files else "it has other files"
    if old.metrics and _are_close(old.metrics, new.metrics, tolerance):
        return Verdict(task=name, is_reproduced=True, reason=f"same metrics, though {what}")
    return Verdict(task=name, is_reproduced=False, reason=what)


def _are_close(old: dict[str, float], new: dict[str, float], tolerance: float) -> bool:
    return old.keys() == new.keys() and all(
        math.isclose(value, new[name], rel_tol=tolerance) for name, value in old.items()
    )
