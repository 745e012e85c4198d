"""The graph of tasks below a root, walked before anything runs."""

from __future__ import annotations

import inspect
from pathlib import PurePath
from typing import TYPE_CHECKING

import luigi
from luigi.task import flatten
from luigi.task_register import Register

from runforest.foundation.errors import ConfigError, Problem, RunforestError, kind_and_text
from runforest.foundation.parameters import TaskNameParameter, shared_source
from runforest.results.artifacts import Artifact
from runforest.run.active import how_to_run
from runforest.run_task import RunTask, WrapperRunTask

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from runforest.run.active import Run


def root_task(family: str, run: Run) -> RunTask:
    """Return the configured instance of a task."""
    try:
        task: RunTask = Register.get_task_cls(family)(active_run=run)
    except luigi.parameter.MissingParameterException as error:
        raise _missing_value(error, family) from None
    return task


def walk_graph(root: RunTask, pins: Container[str]) -> list[RunTask]:
    """Return all tasks that the root needs, upstream first, each once; pinned ones need nothing.

    Raises ConfigError when a class would not do its work, or `requires()` of a task raises, returns
    something that is no RunTask, or goes in a circle.
    """
    found: dict[str, RunTask] = {}
    open_tasks: list[str] = []
    problems: list[Problem] = []

    def visit(task: RunTask) -> None:
        if task.task_id in found:
            return
        if task.task_id in open_tasks:
            raise _graph_error(task, "requires itself, by way of others. Break the circle.")
        open_tasks.append(task.task_id)
        problems.extend(class_problems(type(task)))
        for needed in [] if task.folder_name in pins else _required(task):
            visit(needed)
        open_tasks.pop()
        found[task.task_id] = task

    visit(root)
    if problems:
        raise ConfigError(problems)
    return list(found.values())


def class_problems(task: type[RunTask]) -> list[Problem]:
    """Return why the methods of a class would not do what its author means."""
    base = WrapperRunTask if issubclass(task, WrapperRunTask) else RunTask
    messages = [
        f"has its own {name}(). {remedy}"
        for name, remedy in _OWN_METHODS.items()
        if getattr(task, name) is not getattr(base, name)
    ]
    is_computing = task.compute is not RunTask.compute
    if is_computing and base is WrapperRunTask:
        messages.append("is a WrapperRunTask, whose compute() is not run. Derive it from RunTask.")
    elif inspect.iscoroutinefunction(task.compute) or inspect.isasyncgenfunction(task.compute):
        messages.append(
            "compute() is asynchronous: its body would not run. Write `def compute(self):`, and in "
            "it `asyncio.run(...)`."
        )
    elif inspect.isgeneratorfunction(task.compute):
        messages.append(
            "compute() has a `yield`: its body would not run. Return the tasks that it needs from "
            "requires(), and take the `yield` out."
        )
    return [Problem(where=f"task {task.get_task_family()}", message=text) for text in messages]


_OWN_METHODS = {
    "run": "Name it `def compute(self):`; run() itself looks for an equal result and calls it.",
    "complete": "Take it out: a task is complete when its result is recorded.",
}


def output_problems(tasks: Iterable[RunTask]) -> list[Problem]:
    """Return what is wrong with what the tasks declare as their outputs."""
    return [
        Problem(where=f"task {task.get_task_family()}", message=message)
        for task in tasks
        for message in _output_messages(task)
    ]


def _output_messages(task: RunTask) -> list[str]:
    try:
        outputs = flatten(task.output())
    except RunforestError as error:
        return [f"output(): {error}"]
    except Exception as error:  # noqa: BLE001  border: output() is the user's code
        return [f"output() raises {kind_and_text(error)}. Correct the task."]
    if task.is_wrapper and outputs:
        return ["is a WrapperRunTask, which writes nothing. Derive it from RunTask."]
    remedy = "a file in the run, written with `.save(value)` or to its `.path`."
    return [
        f"output() returns {one!r}. Return `self.artifact({_file_name(one)!r})`: {remedy}"
        for one in outputs
        if not isinstance(one, Artifact)
    ]


def _file_name(output: object) -> str:
    """Return the last part of a path or of a target's path, or what stands for a name."""
    text = getattr(output, "path", output)
    return (PurePath(text).name if isinstance(text, str | PurePath) else "") or "NAME.csv"


def _required(task: RunTask) -> list[RunTask]:
    try:
        _check_chosen(task)
        needed = task.required
    except ConfigError:
        raise
    except luigi.parameter.MissingParameterException as error:
        raise _missing_value(error, task.get_task_family()) from None
    except Exception as error:  # border: requires() is the user's code
        message = f"requires() raises {type(error).__name__}: {error}. Correct the task."
        raise _graph_error(task, message) from error
    for item in needed:
        if not isinstance(item, RunTask):
            remedy = "Return tasks from requires()."
            if isinstance(item, luigi.Task):
                remedy = "Derive it from RunTask, and name its run() compute()."
            raise _graph_error(task, f"requires {item!r}, which is not a RunTask. {remedy}")
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
            remedy = "Name another task, or add it: see docs/own-task.md."
            message = f"{name} has no output {', '.join(missing)}. {remedy}"
            raise ConfigError([Problem(where=f"[{table}]", key=key, message=message)])


def _missing_value(error: luigi.parameter.MissingParameterException, requiring: str) -> ConfigError:
    """Return the error in our words; Luigi's are `Task[args=...]: requires the 'key' parameter`."""
    family = str(error).partition("[")[0]
    key = str(error).rpartition("'")[0].rpartition("'")[2]
    if key == "active_run":
        return ConfigError([Problem(where=f"task {requiring}", message=how_to_run(family))])
    message = f"has no value and no default. Set it in [{family}]."
    return ConfigError([Problem(where=f"[{family}]", key=key, message=message)])


def _graph_error(task: RunTask, message: str) -> ConfigError:
    return ConfigError([Problem(where=f"task {task.get_task_family()}", message=message)])
