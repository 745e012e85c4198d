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

    Row = tuple[str, str, str]
    """Type, default and meaning of a key."""


_HEAD = """\
# Configuration reference

This page is made from the code by `runforest reference > docs/configuration.md`; a test sees that
it is up to date. Every key may stand in `luigi.toml`, in an overlay (`--config`) or on the command
line (`--set Table.key=value`).

# The first day

This is a whole experiment, for a folder with `train.csv` and `test.csv`:

```toml
[RunConfig]
experiment_name = "mydata"

[PathConfig]
input = "./input/mydata/"
```

Everything else has a default that suits most tables. The keys to know first:
"""

_LATER = """\
# Later

Every key of every table.
"""

FIRST_DAY = {
    "RunConfig": ("experiment_name", "task"),
    "PathConfig": ("input",),
    "Dataset": ("target", "id", "kind"),
    "Trainer": ("estimator", "params", "tune"),
    "Tuner": ("n_trials", "scoring"),
}
"""Table -> the keys that a first experiment may need."""

_COLUMNS = ["| key | type | default | meaning |", "|---|---|---|---|"]


def reference_page() -> str:
    """Return the page in Markdown: all tables, all keys, their types, defaults and meaning."""
    sections = {name: _model_rows(model) for name, model in TABLES.items()}
    sections |= {name: _task_rows(name) for name in task_names()}
    docs = {
        name: TABLES[name] if name in TABLES else Register.get_task_cls(name) for name in sections
    }
    first = [
        _line(f"[{name}] {key}", sections[name][key])
        for name, keys in FIRST_DAY.items()
        for key in keys
        if name in sections  # a project may have other tasks
    ]
    parts = [_HEAD, *_COLUMNS, *first, "", _LATER]
    parts += [_section(name, docs[name].__doc__ or "", rows) for name, rows in sections.items()]
    return "\n".join(parts)


def _model_rows(model: type[Table]) -> dict[str, Row]:
    return {
        key: (_annotation(one.annotation), _toml_default(one.default), str(one.description))
        for key, one in model.model_fields.items()
    }


def _toml_default(value: object) -> str:
    return "absent" if value is None else f"`{_as_toml(value)}`"


def _task_rows(name: str) -> dict[str, Row]:
    return {
        key: (expected_type(parameter), _default(parameter), meaning(parameter))
        for key, parameter in Register.get_task_cls(name).get_params()
        if key != "active_run"
    }


def _section(name: str, doc: str, rows: dict[str, Row]) -> str:
    paragraphs = [" ".join(text.split()) for text in inspect.cleandoc(doc).split("\n\n")]
    lines = [f"## [{name}]", "", "\n\n".join(paragraphs), ""]
    keys = [*_COLUMNS, *(_line(key, row) for key, row in rows.items())] if rows else ["No keys."]
    return "\n".join([*lines, *keys, ""])


def _line(key: str, row: Row) -> str:
    return "| " + " | ".join([f"`{key}`", *row]) + " |"


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
