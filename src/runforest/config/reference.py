"""The reference page of the configuration, made from the models and the tasks themselves."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, cast, get_args, get_origin

from luigi.parameter import MissingParameterException
from luigi.task_register import Register

from runforest.config.check import task_names
from runforest.config.model import TABLES, Table
from runforest.config.parameter_values import expected_type, meaning
from runforest.foundation.parameters import shared_source

if TYPE_CHECKING:
    import luigi


_HEAD = """\
# Configuration reference

This page is made from the code by `runforest reference > docs/configuration.md`; a test sees that
it is up to date. Every key may stand in `luigi.toml`, in an overlay (`--config`) or on the command
line (`--set Table.key=value`).
"""


def reference_page() -> str:
    """Return the page in Markdown: all tables, all keys, their types, defaults and meaning."""
    parts = [_HEAD]
    parts += [_model_section(name, model) for name, model in TABLES.items()]
    parts += [_task_section(name) for name in task_names()]
    return "\n".join(parts)


def _model_section(name: str, model: type[Table]) -> str:
    rows = [
        (key, _annotation(one.annotation), _toml_default(one.default), str(one.description))
        for key, one in model.model_fields.items()
    ]
    return _section(name, model.__doc__ or "", rows)


def _toml_default(value: object) -> str:
    return "absent" if value is None else f"`{_as_toml(value)}`"


def _task_section(name: str) -> str:
    task = Register.get_task_cls(name)
    rows = [
        (key, expected_type(parameter), _default(parameter), meaning(parameter))
        for key, parameter in task.get_params()
        if key != "active_run"
    ]
    return _section(name, task.__doc__ or "", rows)


def _section(name: str, doc: str, rows: list[tuple[str, str, str, str]]) -> str:
    paragraphs = [" ".join(text.split()) for text in inspect.cleandoc(doc).split("\n\n")]
    lines = [f"## [{name}]", "", "\n\n".join(paragraphs), ""]
    if rows:
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        lines += ["| " + " | ".join([f"`{key}`", *rest]) + " |" for key, *rest in rows]
    else:
        lines.append("No keys.")
    return "\n".join([*lines, ""])


def _annotation(annotation: object) -> str:
    known = {
        str: "a string",
        int: "an integer",
        bool: "true or false",
        float: "a number",
        dict: "a table",
        list: "an array",
    }
    if isinstance(annotation, UnionType):
        kinds = [one for one in get_args(annotation) if one is not NoneType]
        return " or ".join(map(_annotation, kinds))
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return "a table"
    if kind := known.get(cast("type", get_origin(annotation) or annotation)):
        return kind
    return f"one of {', '.join(json.dumps(choice) for choice in get_args(annotation))}"


_FROM_MANY = {
    "splits": "`group`, `time`, `holdout` and `cv`",
    "reading": "`missing`, `delimiter`, `encoding`, `decimal`, `thousands` and `sheet`",
    "kept": "`group` and `time`",
}
"""Parameters that several keys make, and these keys."""


def _default(parameter: luigi.Parameter[object]) -> str:
    if source := shared_source(parameter):
        section, key = source
        if not key:
            return f"[{section}]"
        name = key.removesuffix("_file")  # `train_file` is the path that `train` becomes
        if key in _FROM_MANY:
            return f"{_FROM_MANY[key]} of [Dataset]"
        folder = "" if name == key else ", in `input` of [PathConfig]"
        return f"`{name}` of [{section}]{folder}"
    try:
        value = parameter.task_value("", "")
    except MissingParameterException:
        return "none, must be set"
    return f"`{_as_toml(value)}`"


def _as_toml(value: object) -> str:
    """Return a value as it may stand in luigi.toml.

    >>> _as_toml({"depth": 3, "criterion": ("gini", "entropy"), "options": {}})
    '{ depth = 3, criterion = ["gini", "entropy"], options = {} }'
    """
    if isinstance(value, Table):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, Mapping):
        entries = ", ".join(f"{key} = {_as_toml(item)}" for key, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return json.dumps(value, default=str)
