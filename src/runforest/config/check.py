"""Checking the tables: names, keys and types, all mistakes at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import luigi
from luigi.task_register import Register
from pydantic import ValidationError

from runforest.config.model import (
    TABLES,
    DatasetConfig,
    FeaturesConfig,
    PathConfig,
    RunConfig,
    Table,
)
from runforest.config.parameter_values import value_problem
from runforest.foundation.errors import did_you_mean, near_miss
from runforest.foundation.parameters import TaskNameParameter, show_value
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from runforest.config.read import Layers, Tables
    from runforest.foundation.errors import Problem

TableT = TypeVar("TableT", bound=Table)


@dataclass(kw_only=True)
class CheckedTables:
    """The tables that are sound, and the mistakes of the others.

    A wrong value and an unknown name are left out; what depends on their tables is not checked.
    """

    run: RunConfig
    paths: PathConfig
    dataset: DatasetConfig
    features: FeaturesConfig
    tasks: dict[str, dict[str, object]]
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_dataset(self) -> bool:
        """Whether the keys that describe the data set are sound."""
        return not {"[PathConfig]", "[Dataset]"} & {one.table for one in self.problems}


def check_tables(layers: Layers) -> CheckedTables:
    """Return the tables of the configuration, and all that is wrong with them."""
    problems: list[Problem] = []
    tables = _known_tables(layers, problems)
    run = _check_model(layers, RunConfig, tables, problems)
    if message := _task_name_problem(run.task):
        problems.append(layers.problem("RunConfig", "task", message))
    return CheckedTables(
        run=run,
        paths=_check_model(layers, PathConfig, tables, problems),
        dataset=_check_model(layers, DatasetConfig, tables, problems),
        features=_check_model(layers, FeaturesConfig, tables, problems),
        tasks={
            name: _check_task_table(layers, name, table, problems)
            for name, table in tables.items()
            if name not in TABLES
        },
        problems=problems,
    )


def task_names() -> list[str]:
    """Return the names of the registered tasks of the project."""
    return sorted(
        name
        for name in Register.task_names()
        if _is_run_task(name) and name not in {"RunTask", "WrapperRunTask"}
    )


def _is_run_task(name: str) -> bool:
    """Return whether a task is a RunTask of the project's `src` or of an installed package.

    Any module that was imported, a test for instance, may have registered more.
    """
    task = Register.get_task_cls(name)
    if not (isinstance(task, type) and issubclass(task, RunTask)):
        return False
    package, module = sys.modules.get("tasks"), sys.modules.get(task.__module__)
    file = Path(getattr(module, "__file__", None) or "")
    source = Path(getattr(package, "__file__", None) or "tasks").parents[1:2]
    return "site-packages" in file.parts or any(file.is_relative_to(one) for one in source)


def _plain_task(name: str) -> str | None:
    """Return what to do with a task of Luigi's own kind, None for any other name."""
    if name not in Register.task_names() or issubclass(Register.get_task_cls(name), RunTask):
        return None
    return (
        f"{name} is a plain luigi.Task. Derive it from RunTask: its work goes into compute(), its "
        "outputs are `self.artifact(NAME)`."
    )


def _known_tables(layers: Layers, problems: list[Problem]) -> Tables:
    """Return the tables with a known name, and [PathConfig] without the keys that name no task."""
    known = [*TABLES, *task_names()]
    tables = {}
    for name, table in layers.tables.items():
        is_registered = name in Register.task_names()
        # Luigi itself has settings in tables such as [worker].
        if name in known or (
            is_registered and issubclass(Register.get_task_cls(name), luigi.Config)
        ):
            tables[name] = dict(table)
        else:
            message = _plain_task(name) or f"unknown table. {did_you_mean(name, known)}"
            problems.append(layers.problem(name, "", message))
    known = ["input", *task_names()]
    for key in layers.tables.get("PathConfig", {}):
        if key.partition("-")[0] not in known:
            del tables["PathConfig"][key]
            message = f"neither `input` nor a task. {did_you_mean(key, known)}"
            problems.append(layers.problem("PathConfig", key, message))
    return tables


def _check_model(
    layers: Layers, model: type[TableT], tables: Tables, problems: list[Problem]
) -> TableT:
    name = next(name for name, known in TABLES.items() if known is model)
    table = dict(tables.get(name, {}))
    while True:
        try:
            return model(**table)
        except ValidationError as error:
            mistakes = error.errors()
        for path, found in groupby(mistakes, partial(_path, table)):
            message = _model_message(model, path, list(found), table)
            problems.append(layers.problem(name, ".".join(path), message))
        table = {key: table[key] for key in table.keys() - {one["loc"][0] for one in mistakes}}


_WORDS = {
    "bool_type": "expected true or false",
    "dict_type": "expected a table",
    "float_type": "expected a number",
    "int_type": "expected an integer",
    "model_type": "expected a table",
    "string_type": "expected a string",
    "literal_error": "expected {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
}


def _path(table: Mapping[str, object], mistake: ErrorDetails) -> tuple[str, ...]:
    """Return the keys that lead to a value; pydantic adds the alternatives of its type."""
    keys: list[str] = []
    inner: object = table
    for key in map(str, mistake["loc"]):
        if not isinstance(inner, Mapping) or key not in inner:
            break
        keys.append(key)
        inner = inner[key]
    return tuple(keys)


def _model_message(
    model: type[Table],
    path: tuple[str, ...],
    mistakes: list[ErrorDetails],
    table: Mapping[str, object],
) -> str:
    value: Any = table
    for key in path[:-1]:
        value, model = value[key], cast("type[Table]", model.model_fields[key].annotation)
    key, value, kind = path[-1], value[path[-1]], mistakes[0]["type"]
    if kind == "extra_forbidden":
        return f"unknown key. {did_you_mean(key, model.model_fields)}"
    if kind == "string_pattern_mismatch":
        return f"got {show_value(value)}, wanted: {model.model_fields[key].description}"
    words = [_WORDS.get(one["type"], one["msg"]).format(**one.get("ctx", {})) for one in mistakes]
    others = [one.removeprefix("expected ") for one in words[1:]]
    return f"{' or '.join([words[0], *others])}, got {show_value(value)}."


def _check_task_table(
    layers: Layers, name: str, table: Mapping[str, object], problems: list[Problem]
) -> dict[str, object]:
    parameters: dict[str, luigi.Parameter[object]] = dict(Register.get_task_cls(name).get_params())
    parameters.pop("active_run", None)
    sound: dict[str, object] = {}
    for key, value in table.items():
        message: str | None
        parameter = parameters.get(key)
        if parameter is None:
            message = f"unknown key. {did_you_mean(key, parameters)}"
        elif isinstance(parameter, TaskNameParameter) and isinstance(value, str):
            message = _task_name_problem(value, parameter.takes)
        else:
            message = value_problem(parameter, value)
        if message:
            problems.append(layers.problem(name, key, message))
        else:
            sound[key] = value
    return sound


def _task_name_problem(name: str, takes: Iterable[str] = ()) -> str | None:
    known = task_names()
    if name in known:
        parameters = dict(Register.get_task_cls(name).get_params())
        missing = [key for key in takes if key not in parameters]
        remedy = "Name another task, or derive it from one that has."
        return f"{name} has no parameter {', '.join(missing)}. {remedy}" if missing else None
    hint = f"{near_miss(name, known)} ".lstrip()
    return _plain_task(name) or (
        f'unknown task "{name}". {hint}Known: {", ".join(known)}. They are looked for in src/tasks.'
    )
