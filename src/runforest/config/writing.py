"""Writing a configuration as TOML, so that it reads back as it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomli_w


def toml_text(tables: Mapping[str, object]) -> str:
    r"""Return tables as TOML, without keys that have no value.

    >>> print(toml_text({"Dataset": {"kind": None, "delimiter": "\x01"}}), end="")
    [Dataset]
    delimiter = "\u0001"
    """
    return tomli_w.dumps(_plain_table(tables), multiline_strings=False)


def _plain_table(table: Mapping[str, object]) -> dict[str, object]:
    return {key: _plain(value) for key, value in table.items() if value is not None}


def _plain(value: object) -> object:
    """Return a value in types that TOML has."""
    if isinstance(value, Mapping):
        return _plain_table(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
