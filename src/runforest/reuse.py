"""The plan: for each task whether it is run or reused, from where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.fingerprint.ingredients import collect_ingredients, fingerprint_of, task_code
from runforest.foundation.errors import ConfigError, Problem
from runforest.results.index import Result, ResultIndex
from runforest.results.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.run_task import RunTask

DOWNSTREAM = "--force-downstream"
"""Option that forces a task and all that follows it."""

Ingredients = dict[str, dict[str, str]]

GROUPS = ("params", "code", "inputs", "upstream", "packages", "task")

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


def make_plan(
    tasks: list[RunTask],
    index: ResultIndex,
    pins: Mapping[str, str],
    forced: Mapping[str, list[str]],
) -> list[PlannedTask]:
    """Return the plan of a graph, upstream first; wrappers have none of their own.

    The code of every task is read here, also where the plan does not need it: what was imported
    now is what will run, however the sources are edited meanwhile. A worker process that is forked
    knows that code too; one that is spawned imports and reads the sources anew.

    `pins` has the folder of the result that a task is pinned to, by task folder. `forced` has the
    tasks that are computed whatever is known, by option, as families or folders; a wrapper stands
    for the tasks that it requires. Raises ConfigError when a task is forced that is pinned.
    """
    forced_ids = _forced_tasks(tasks, forced)
    planned: dict[str, PlannedTask] = {}
    for task in tasks:
        if not task.is_wrapper:
            task_code(task, task.active_run.project)
            pin = pins.get(task.folder_name)
            planned[task.task_id] = (
                _plan_pinned(task, Path(pin))
                if pin
                else _plan_task(task, planned, index, forced_ids)
            )
    return list(planned.values())


def _forced_tasks(tasks: list[RunTask], names: Mapping[str, list[str]]) -> dict[str, bool]:
    """Return the ids of the forced tasks, and whether all that follows is forced too."""
    forced: dict[str, bool] = {}
    problems = []
    for option in names:
        for name in sorted(set(names[option])):
            meant = _tasks_named(name, tasks)
            forced |= {task.task_id: option == DOWNSTREAM for task in meant}
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
) -> PlannedTask:
    if not task.active_run.settings.is_reusing:
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


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One ingredient that differs; None stands for an ingredient that is not there."""

    group: str
    name: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Return the difference as a person says it."""
        old, new, name = self.old, self.new, self.name
        change = "is new" if old is None else "is gone" if new is None else "changed"
        match self.group:
            case "params":
                return f"`{name}` {old} -> {new}"
            case "code":
                return f"code of {name.removesuffix(':<module>').replace(':', '.')} {change}"
            case "upstream":
                return f"result of {name.partition('.')[2]} {change}"
            case "packages":
                return f"{name} {old or 'absent'} -> {new or 'absent'}"
            case "task":
                return f"task {old} -> {new}"
        return f"{name} {change}"


def differences(old: Ingredients, new: Ingredients) -> list[Difference]:
    """Return the ingredients that differ, group by group, each group sorted by name."""
    found = []
    for group in GROUPS:
        before, after = old.get(group, {}), new.get(group, {})
        found += [
            Difference(group=group, name=name, old=before.get(name), new=after.get(name))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    return found
