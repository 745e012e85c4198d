"""Checking the tables: names, keys and types, all mistakes at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import luigi
from luigi.task_register import Register
from pydantic import ValidationError

from runforest.config.model import TABLES, DatasetConfig, PathConfig, RunConfig, Table
from runforest.errors import Problem, did_you_mean
from runforest.parameters import show_value, value_problem
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.config.read import Layers

TableT = TypeVar("TableT", bound=Table)


@dataclass(kw_only=True)
class CheckedTables:
    """The tables that are sound, and the mistakes of the others.

    A wrong key is left out of its table, so that later checks can go on and find the rest.
    """

    run: RunConfig
    paths: PathConfig
    dataset: DatasetConfig
    tasks: dict[str, dict[str, object]]
    problems: list[Problem] = field(default_factory=list)


def check_tables(layers: Layers) -> CheckedTables:
    """Return the tables of the configuration, and all that is wrong with them."""
    problems: list[Problem] = []
    run = _check_model(layers, "RunConfig", RunConfig, problems)
    paths = _check_model(layers, "PathConfig", PathConfig, problems)
    dataset = _check_model(layers, "Dataset", DatasetConfig, problems)
    tasks = {}
    for name, table in layers.tables.items():
        if name in TABLES:
            continue
        if name not in Register.task_names():
            hint = did_you_mean(name, [*TABLES, *task_names()])
            problems.append(Problem(where=layers.where(name), message=f"unknown table. {hint}"))
            continue
        tasks[name] = _check_task_table(layers, name, table, problems)
    problems += _check_task_names(layers, run, paths)
    checked = CheckedTables(run=run, paths=paths, dataset=dataset, tasks=tasks)
    checked.problems = problems
    return checked


def task_names() -> list[str]:
    """Return the names of the registered tasks of the project."""
    return sorted(
        name
        for name in Register.task_names()
        if _is_run_task(name) and name not in {"RunTask", "WrapperRunTask"}
    )


def _is_run_task(name: str) -> bool:
    task = Register.get_task_cls(name)
    return isinstance(task, type) and issubclass(task, RunTask)


def _check_model(layers: Layers, name: str, model: type[TableT], problems: list[Problem]) -> TableT:
    table = dict(layers.tables.get(name, {}))
    try:
        return model(**table)
    except ValidationError as error:
        for mistake in error.errors():
            key = str(mistake["loc"][0])
            message = _model_message(model, key, mistake["type"], mistake["msg"], table.get(key))
            problems.append(Problem(where=layers.where(name, key), key=key, message=message))
            table.pop(key, None)
    return model(**table)


def _model_message(model: type[Table], key: str, kind: str, text: str, value: object) -> str:
    if kind == "extra_forbidden":
        return f"unknown key. {did_you_mean(key, model.model_fields)}"
    if kind == "string_pattern_mismatch":
        field_info = model.model_fields[key]
        return f"got {show_value(value)}. It is: {field_info.description}"
    wanted = text.replace("Input should be", "expected").replace("a valid ", "a ")
    wanted = wanted.replace("a integer", "an integer")
    return f"{wanted}, got {show_value(value)}."


def _check_task_table(
    layers: Layers, name: str, table: Mapping[str, object], problems: list[Problem]
) -> dict[str, object]:
    parameters: dict[str, luigi.Parameter[object]] = dict(Register.get_task_cls(name).get_params())
    parameters.pop("active_run", None)
    sound: dict[str, object] = {}
    for key, value in table.items():
        if key not in parameters:
            message = f"unknown key. {did_you_mean(key, parameters)}"
        else:
            message = value_problem(parameters[key], value) or ""
        if message:
            problems.append(Problem(where=layers.where(name, key), key=key, message=message))
        else:
            sound[key] = value
    return sound


def _check_task_names(layers: Layers, run: RunConfig, paths: PathConfig) -> list[Problem]:
    known = task_names()
    problems = []
    if run.task not in known:
        message = (
            f'unknown task "{run.task}". {did_you_mean(run.task, known)} Known: {", ".join(known)}.'
        )
        problems.append(
            Problem(where=layers.where("RunConfig", "task"), key="task", message=message)
        )
    families = {name.partition("-")[0]: name for name in paths.model_extra or {}}
    problems += [
        Problem(
            where=layers.where("PathConfig", name),
            key=name,
            message=f"neither `input` nor a task. {did_you_mean(name, ['input', *known])}",
        )
        for family, name in families.items()
        if family not in known
    ]
    return problems
