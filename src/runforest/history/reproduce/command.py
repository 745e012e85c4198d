"""`runforest reproduce`: an earlier run done again, and whether it came out the same."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from runforest.history.reproduce.prerequisites import (
    check_environment,
    check_inputs,
    print_earlier_trials,
    print_left_out,
)
from runforest.history.reproduce.redo import code_of_run, redo
from runforest.tracking.recorded_run import find_run

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

    from runforest.results.manifest import Manifest


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
    check_environment(run, is_strict=is_strict)
    check_inputs(run, project)
    print_left_out(run)
    print_earlier_trials(run)
    is_reproduced = True
    with code_of_run(run, project) as folder:
        manifests = redo(run, folder, project).manifests
        for task, manifest in run.manifests.items():
            is_same, reason = _compare(manifest, manifests.get(task), tolerance)
            is_reproduced &= is_same
            sys.stdout.write(f"  {task:<20} {_verdict(is_same=is_same)}: {reason}\n")
    sys.stdout.write(f"{run.name}: {_verdict(is_same=is_reproduced)}\n")
    return 0 if is_reproduced else 1


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
