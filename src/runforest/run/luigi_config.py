"""Luigi's own configuration: the one place that sets it, for this process and its children."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
from luigi.configuration import get_config
from luigi.freezing import recursively_freeze
from luigi.task_register import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

_loaded: dict[str, str] = {}


def use_luigi_config(tables: Mapping[str, Mapping[str, object]]) -> None:
    """Make the tables all that Luigi knows.

    Luigi merges `luigi.toml` of the current folder and of `/etc/luigi` under whatever it is
    told, so its parser's data are replaced, not added to.
    """
    parser = get_config("toml")
    parser.data = {
        name: {key: _for_luigi(name, key, value) for key, value in table.items()}
        for name, table in tables.items()
    }
    # Logging is set up once, by the program; Luigi would add handlers of its own.
    parser.data.setdefault("core", {})["no_configure_logging"] = True


def load_luigi_config(file: str) -> None:
    """Take the tables from a TOML file, once per process."""
    if _loaded.get("file") == file:
        return
    use_luigi_config(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    _loaded["file"] = file


def _for_luigi(table: str, key: str, value: object) -> object:
    """Return a value as Luigi's parameters want it: lists as JSON, tables hashable."""
    if isinstance(value, list | tuple):
        return json.dumps(value) if _is_list_parameter(table, key) else recursively_freeze(value)
    return recursively_freeze(value) if isinstance(value, dict) else value


def _is_list_parameter(table: str, key: str) -> bool:
    if table not in Register.task_names():
        return False
    parameters = dict(Register.get_task_cls(table).get_params())
    return isinstance(parameters.get(key), luigi.ListParameter)
