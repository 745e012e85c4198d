"""The plan: for each task whether it is run or reused, from where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.errors import ConfigError, Problem
from runforest.fingerprint.ingredients import collect_ingredients, fingerprint_of, task_code
from runforest.results.index import Result, ResultIndex
from runforest.results.manifest import read_manifest
from runforest.reuse.differences import differences

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    `downstream` takes along all that follows a task; `is_all` is `reuse = false`. The name of a
    wrapper stands for the tasks that it requires.
    """

    tasks: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()
    is_all: bool = False


def make_plan(
    tasks: list[RunTask], index: ResultIndex, pins: Mapping[str, str], forcing: Forcing
) -> list[PlannedTask]:
    """Return the plan of a graph, upstream first; wrappers have none of their own.

    The code of every task is read here, also where the plan does not need it: what was imported
    now is what will run, however the sources are edited meanwhile. A worker process that is forked
    knows that code too; one that is spawned imports and reads the sources anew.

    `pins` has the folder of the result that a task is pinned to, by task folder. Raises ConfigError
    when a task is forced that is pinned.
    """
    forced = _forced_tasks(tasks, forcing)
    planned: dict[str, PlannedTask] = {}
    for task in tasks:
        if not task.is_wrapper:
            task_code(task, task.active_run.project)
            pin = pins.get(task.folder_name)
            planned[task.task_id] = (
                _plan_pinned(task, Path(pin))
                if pin
                else _plan_task(task, planned, index, forced, is_reusing=not forcing.is_all)
            )
    return list(planned.values())


def _forced_tasks(tasks: list[RunTask], forcing: Forcing) -> dict[str, bool]:
    """Return the ids of the forced tasks, and whether all that follows is forced too."""
    forced: dict[str, bool] = {}
    problems = []
    for option, names, is_forcing in (
        ("--force", forcing.tasks, False),
        ("--force-downstream", forcing.downstream, True),
    ):
        for name in sorted(names):
            meant = _tasks_named(name, tasks)
            forced |= {task.task_id: is_forcing for task in meant}
            pinned = [one.folder_name for one in meant if one.active_run.pinned(one.folder_name)]
            if pinned and len(pinned) == len(meant):
                message = (
                    f'"{name}" cannot be computed: [PathConfig] pins {", ".join(pinned)} to a '
                    "result. Take that key out, or do not force it."
                )
                problems.append(Problem(where=option, message=message))
    if problems:
        raise ConfigError(problems)
    return forced


def _tasks_named(name: str, tasks: list[RunTask]) -> list[RunTask]:
    """Return the tasks that a name means: instead of a wrapper those that it requires."""
    named = [task for task in tasks if name in {task.folder_name, task.get_task_family()}]
    ids = {one.task_id for task in named for one in (task.upstream if task.is_wrapper else [task])}
    return [task for task in tasks if task.task_id in ids]


def _plan_pinned(task: RunTask, folder: Path) -> PlannedTask:
    manifest = read_manifest(folder)
    result = Result(folder=folder, manifest=manifest) if manifest else None
    reason = task.active_run.settings.pins[task.folder_name]
    return PlannedTask(task=task, action="pinned", reason=reason, result=result)


def _plan_task(
    task: RunTask,
    planned: dict[str, PlannedTask],
    index: ResultIndex,
    forced: dict[str, bool],
    *,
    is_reusing: bool,
) -> PlannedTask:
    if not is_reusing:
        return PlannedTask(task=task, action="run", reason="reuse is switched off")
    upstream = [planned[needed.task_id] for needed in task.upstream]
    is_following = any(one.is_forcing for one in upstream)
    if is_following or task.task_id in forced:
        return PlannedTask(
            task=task,
            action="run",
            reason="forced",
            is_forced=True,
            is_forcing=is_following or forced[task.task_id],
        )
    waiting = [one.name for one in upstream if one.result is None]
    if waiting:
        return PlannedTask(task=task, action="run", reason=f"after {', '.join(waiting)}")
    return _look_up(task, planned, index)


def _look_up(task: RunTask, planned: dict[str, PlannedTask], index: ResultIndex) -> PlannedTask:
    results = [planned[needed.task_id].result for needed in task.upstream]
    manifests = [result.manifest for result in results if result]
    ingredients = collect_ingredients(task, manifests, task.active_run.project)
    search = index.find(fingerprint_of(ingredients), task.active_run.source)
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
