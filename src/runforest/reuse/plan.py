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
    task_code,
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
    is reused after all if everything above it comes out as before. `is_forced` keeps a task from
    that, `is_forcing` all that follows it too.
    """

    task: RunTask
    action: str
    reason: str
    result: Result | None = None
    is_forced: bool = False
    is_forcing: bool = False

    @property
    def name(self) -> str:
        """Name of the task's folder."""
        return self.task.folder_name


@dataclass(frozen=True, kw_only=True)
class Forcing:
    """Which tasks are computed whatever is known, by family or by folder name.

    `downstream` takes along all that follows a task; `is_all` is `reuse = false`.
    """

    tasks: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()
    is_all: bool = False

    def names(self, task: RunTask) -> bool:
        """Return whether a task itself is named."""
        return bool({task.folder_name, task.get_task_family()} & (self.tasks | self.downstream))


def make_plan(
    tasks: list[RunTask], index: ResultIndex, forcing: Forcing | None = None
) -> list[PlannedTask]:
    """Return the plan of a graph, upstream first; wrappers have none of their own.

    The code of every task is read here, also where the plan does not need it: what was imported
    now is what will run, however the sources are edited meanwhile. A worker process that is forked
    knows that code too; one that is spawned imports and reads the sources anew.

    Parameters
    ----------
    tasks
        As `walk_graph` returns them, on a run that may be only planned.
    """
    planned: dict[str, PlannedTask] = {}
    for task in tasks:
        if not task.is_wrapper:
            task_code(task, Path(task.active_run.settings.project))
            planned[task.task_id] = _plan_task(task, planned, index, forcing or Forcing())
    return list(planned.values())


def _plan_task(
    task: RunTask, planned: dict[str, PlannedTask], index: ResultIndex, forcing: Forcing
) -> PlannedTask:
    pinned = task.active_run.pinned(task.folder_name)
    if pinned:
        manifest = read_manifest(pinned)
        result = Result(folder=pinned, manifest=manifest) if manifest else None
        return PlannedTask(task=task, action="pinned", reason=str(pinned), result=result)
    if forcing.is_all:
        return PlannedTask(task=task, action="run", reason="reuse is switched off")
    upstream = [planned[needed.task_id] for needed in required_results(task)]
    cause = next((one for one in upstream if one.is_forcing), None)
    if forcing.names(task) or cause:
        is_forcing = bool(cause) or bool(
            {task.folder_name, task.get_task_family()} & forcing.downstream
        )
        return PlannedTask(
            task=task, action="run", reason="forced", is_forced=True, is_forcing=is_forcing
        )
    waiting = [one.name for one in upstream if one.result is None]
    if waiting:
        return PlannedTask(task=task, action="run", reason=f"after {', '.join(waiting)}")
    return _look_up(task, planned, index)


def _look_up(task: RunTask, planned: dict[str, PlannedTask], index: ResultIndex) -> PlannedTask:
    def manifest_of(needed: RunTask) -> Manifest | None:
        result = planned[needed.task_id].result
        return result.manifest if result else None

    project = Path(task.active_run.settings.project)
    ingredients = collect_ingredients(task, project, manifest_of)
    finder = task.active_run.settings.finder
    search = index.find_anywhere(fingerprint_of(ingredients), finder)
    if search.result:
        reason = f"from run {search.result.computed_by}"
        return PlannedTask(task=task, action="reuse", reason=reason, result=search.result)
    reason = (
        search.rejected[0] if search.rejected else why_new(task.folder_name, ingredients, index)
    )
    return PlannedTask(task=task, action="run", reason=reason)


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
