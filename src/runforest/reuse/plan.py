"""The plan: for each task whether it is run or reused, from where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.fingerprint.ingredients import (
    collect_ingredients,
    fingerprint_of,
    required_results,
)
from runforest.manifest import read_manifest
from runforest.results import Result, ResultIndex
from runforest.reuse.differences import differences

if TYPE_CHECKING:
    from runforest.manifest import Manifest
    from runforest.run_task import RunTask

N_COMPARED = 20
N_REASONS = 4


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """What will become of a task.

    `action` is `run`, `reuse` or `pinned`. A task below one that runs is planned as `run`; it
    is reused after all if everything above it comes out as before.
    """

    task: RunTask
    action: str
    reason: str
    result: Result | None = None

    @property
    def name(self) -> str:
        """Name of the task's folder."""
        return self.task.folder_name


def make_plan(tasks: list[RunTask], index: ResultIndex) -> list[PlannedTask]:
    """Return the plan of a graph, upstream first; wrappers have none of their own.

    Parameters
    ----------
    tasks
        As `walk_graph` returns them, on a run that may be only planned.
    """
    planned: dict[str, PlannedTask] = {}
    for task in tasks:
        if not task.is_wrapper:
            planned[task.task_id] = _plan_task(task, planned, index)
    return list(planned.values())


def _plan_task(task: RunTask, planned: dict[str, PlannedTask], index: ResultIndex) -> PlannedTask:
    pinned = task.active_run.pinned(task.folder_name)
    if pinned:
        manifest = read_manifest(pinned)
        result = Result(folder=pinned, manifest=manifest) if manifest else None
        return PlannedTask(task=task, action="pinned", reason=str(pinned), result=result)
    upstream = [planned[needed.task_id] for needed in required_results(task)]
    waiting = [one.name for one in upstream if one.result is None]
    if waiting:
        reason = f"after {', '.join(waiting)}"
        return PlannedTask(task=task, action="run", reason=reason)
    manifests = {one.task.task_id: one.result.manifest for one in planned.values() if one.result}
    return _look_up(task, manifests, index)


def _look_up(task: RunTask, manifests: dict[str, Manifest], index: ResultIndex) -> PlannedTask:
    project = Path(task.active_run.settings.project)
    ingredients = collect_ingredients(task, project, lambda needed: manifests.get(needed.task_id))
    if task.is_forced:
        return PlannedTask(task=task, action="run", reason="forced")
    search = index.find(fingerprint_of(ingredients))
    if search.result:
        reason = f"from run {search.result.computed_by}"
        return PlannedTask(task=task, action="reuse", reason=reason, result=search.result)
    if search.rejected:
        return PlannedTask(task=task, action="run", reason=search.rejected[0])
    return PlannedTask(
        task=task, action="run", reason=why_new(task.folder_name, ingredients, index)
    )


def why_new(task_folder: str, ingredients: dict[str, dict[str, str]], index: ResultIndex) -> str:
    """Return what differs from the nearest earlier result of a task."""
    nearest = min(
        (
            differences(earlier.manifest.ingredients, ingredients)
            for earlier in islice(index.recent(task_folder), N_COMPARED)
        ),
        key=len,
        default=None,
    )
    if nearest is None:
        return "no earlier result"
    shown = [str(difference) for difference in nearest[:N_REASONS]]
    more = len(nearest) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
