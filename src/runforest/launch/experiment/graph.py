"""The graph of tasks below a root, walked before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from runforest.errors import ConfigError, Problem
from runforest.parameters import InputFileParameter, TaskNameParameter, shared_source
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from runforest.run.active import Run


def root_task(family: str, run: Run) -> RunTask:
    """Return the configured instance of a task.

    Raises
    ------
    ConfigError
        A parameter without a default is not configured.
    """
    from luigi.task_register import Register

    try:
        task: RunTask = Register.get_task_cls(family)(active_run=run)
    except luigi.parameter.MissingParameterException as error:
        raise _missing_value(error) from None
    return task


def walk_graph(root: RunTask, is_leaf: Callable[[RunTask], bool]) -> list[RunTask]:
    """Return all tasks that the root needs, upstream first, each once.

    Parameters
    ----------
    is_leaf
        Tells for which tasks the requirements are not followed, since their results exist.

    Raises
    ------
    ConfigError
        `requires()` of a task raises, gives something that is no RunTask, or goes in a circle.
    """
    found: dict[str, RunTask] = {}
    open_tasks: list[str] = []

    def visit(task: RunTask) -> None:
        if task.task_id in found:
            return
        if task.task_id in open_tasks:
            raise _graph_error(task, "requires itself, by way of others. Break the circle.")
        open_tasks.append(task.task_id)
        for needed in [] if is_leaf(task) else _required(task):
            visit(needed)
        open_tasks.pop()
        found[task.task_id] = task

    visit(root)
    return list(found.values())


def task_problems(tasks: list[RunTask]) -> list[Problem]:
    """Return what the tasks find wrong with their parameters, missing input files included."""
    problems = []
    for task in tasks:
        problems += list(task.problems())
        problems += [
            task.problem(name, f"no such file: {task.param_kwargs[name]}. Correct the path.")
            for name, parameter in task.get_params()
            if isinstance(parameter, InputFileParameter)
            and task.param_kwargs[name]
            and not Path(task.param_kwargs[name]).exists()
        ]
    return problems


def _required(task: RunTask) -> list[RunTask]:
    try:
        _check_chosen(task)
        needed = task.required
    except ConfigError:
        raise
    except luigi.parameter.MissingParameterException as error:
        raise _missing_value(error) from None
    except Exception as error:  # border: requires() is the user's code
        message = f"requires() raises {type(error).__name__}: {error}. Correct the task."
        raise _graph_error(task, message) from error
    for item in needed:
        if not isinstance(item, RunTask):
            message = f"requires {item!r}, which is not a RunTask. Return tasks from requires()."
            raise _graph_error(task, message)
    return needed


def _check_chosen(task: RunTask) -> None:
    """See that the tasks which a task takes by name have the outputs that it reads."""
    for key, parameter in task.get_params():
        if not isinstance(parameter, TaskNameParameter):
            continue
        name = task.param_kwargs[key]
        outputs = task.need(name).output()
        present = outputs if isinstance(outputs, dict) else {}
        missing = [one for one in parameter.outputs if one not in present]
        if missing:
            table, _ = shared_source(parameter) or (task.get_task_family(), key)
            message = f"{name} has no output {', '.join(missing)}. Name another task, or add it: "
            message += "see docs/own-task.md."
            raise ConfigError([Problem(where=f"[{table}]", key=key, message=message)])


def _missing_value(error: luigi.parameter.MissingParameterException) -> ConfigError:
    """Return the error in our words; Luigi's are `Task[args=...]: requires the 'key' parameter`."""
    family = str(error).partition("[")[0]
    key = str(error).rpartition("'")[0].rpartition("'")[2]
    message = f"has no value and no default. Set it in [{family}]."
    return ConfigError([Problem(where=f"[{family}]", key=key, message=message)])


def _graph_error(task: RunTask, message: str) -> ConfigError:
    return ConfigError([Problem(where=f"task {task.get_task_family()}", message=message)])
