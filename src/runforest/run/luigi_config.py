"""Luigi's own configuration: the one place that sets it, for this process and its children."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
from luigi.configuration import get_config
from luigi.freezing import recursively_freeze
from luigi.task_register import Register

from runforest.foundation.parameters import parameter_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def use_luigi_config(tables: Mapping[str, Mapping[str, object]]) -> None:
    """Replace all that Luigi knows, `luigi.toml` of the current folder and of `/etc/luigi` too."""
    parser = get_config("toml")
    parser.data = {name: _for_luigi(table, name) for name, table in tables.items()}
    # Logging is set up once, by the program; Luigi would add handlers of its own.
    parser.data.setdefault("core", {})["no_configure_logging"] = True


@cache
def load_luigi_config(file: str) -> None:
    """Take the tables from a TOML file, once per process."""
    use_luigi_config(tomllib.loads(Path(file).read_text(encoding="utf-8")))


def _for_luigi(table: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a table as Luigi wants it: texts for its parameters to parse, the rest hashable.

    Luigi takes numbers and switches of its own sections without parsing them.
    """
    task = Register.get_task_cls(name) if name in Register.task_names() else luigi.Config
    parameters = dict(task.get_params())
    is_own = issubclass(task, luigi.Config)
    return {
        key: recursively_freeze(value)
        if key not in parameters or (is_own and not isinstance(value, list))
        else parameter_text(parameters[key], value)
        for key, value in table.items()
    }
