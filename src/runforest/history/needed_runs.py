"""Which runs have to stay since others need them: pinned, pointed to, or shown as the origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.config.pins import path_parts
from runforest.tracking.tags import RESULT_TAG, TRIALS_TAG

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from runforest.tracking.recorded_run import RecordedRun

STUDY_FILE = "study.journal"
"""Output of a result that has trials."""


def exclude_required(
    runs: list[RecordedRun], candidates: list[RecordedRun], pins: Collection[str], project: Path
) -> list[RecordedRun]:
    """Return the candidates without those that a pin, a kept run or a spared one needs."""
    needed = _named(pins, project)
    selected = {run.run_id for run in candidates}
    requiring = [run for run in runs if run.run_id not in selected]
    while True:
        needed |= {run_id for run in requiring for run_id in _needs(run, project)}
        requiring = [run for run in candidates if needed & _names(run)]
        if not requiring:
            return candidates
        candidates = [run for run in candidates if not needed & _names(run)]


def _needs(run: RecordedRun, project: Path) -> set[str]:
    """Return names, among them of the runs that a run needs: their ids, or what results they have.

    On this machine it has all files of its results, but of a study only the run that computed it
    has the trials as child runs, as it is with those that a study went on from. On a server a
    reused result is a manifest that names the run with the files. Where that manifest cannot be
    read, it needs each run with an equal result.
    """
    origins = set(run.tags.get(TRIALS_TAG, "").split())
    if not run.is_readable:
        return origins | _names(run)
    origins |= {
        manifest.reused_from
        for manifest in run.manifests.values()
        if manifest.reused_from and (not run.is_local or manifest.has_trials)
    }
    return origins | _named(run.pins.values(), project)


def _names(run: RecordedRun) -> set[str]:
    return {run.run_id, *(tag for tag in run.tags if tag.startswith(RESULT_TAG))}


def _named(pins: Collection[str], project: Path) -> set[str]:
    return {name for pin in pins for name in path_parts(project, pin)}
