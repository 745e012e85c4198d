"""A configuration that is written reads back as it was: for workers, and for a run done again."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from runforest.config.effective import toml_text

VALUES = {
    "control characters": "tab\tbell\x07 one\x01 delete\x7f",
    "escapes of a pattern": r"[\x20-\x7e]",
    "folders of Windows": r"C:\xampp\data",
    "doubled backslash": r"\\x41",
    "quotes": '"double" \'single\' """three"""',
    "several lines": "first\r\nsecond\n",
    "letters": "é\u2028 😀",
    "text and tables": ["scale", {"pca": 3}],
    "tables in lists": [[{"x": 1}], [], {}],
    "numbers": [float("inf"), -0.0, 1e22, 1e-7, 2**70, True],
    "times": [dt.date(2026, 1, 2), dt.time(3, 4)],
    "odd keys": {"a.b": {"c d": 1}, 'we"ird': {"": 2}, "é": {}},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_every_value_of_toml_is_read_as_it_was_written(value: object) -> None:
    tables = {"Task": {"value": value, "below": {"value": value}}, "Empty": {}}

    assert tomllib.loads(toml_text(tables)) == tables


def test_what_toml_does_not_have_is_written_as_what_it_stands_for() -> None:
    tables = {"Task": {"path": Path("a/b"), "pair": (1, ({"x": None},)), "none": None}}

    assert tomllib.loads(toml_text(tables)) == {"Task": {"path": "a/b", "pair": [1, [{}]]}}
