"""A column's role follows from its dtype and values, unless the configuration says it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from runforest.table.roles import ColumnRole, columns_of, feature_role, feature_roles

NAMES = [f"Braund, Mr. Owen the {number}th" for number in range(40)]

COLUMNS = {
    "whole numbers": ([1, 2, 2], "int64", "number"),
    "numbers with a gap": ([1.5, None, 2], "float64", "number"),
    "nullable numbers": ([1, None, 2], "Int64", "number"),
    "truth values": ([True, False, True], "bool", "boolean"),
    "truth values with a gap": ([True, None, True], "boolean", "boolean"),
    "days": ([dt.date(2020, 1, 1), None], "datetime64[us]", "date"),
    "days of a zone": (["2020-01-01", None], "datetime64[us, UTC]", "date"),
    "few texts": (["a", None, "b"], "str", "category"),
    "few long texts": (NAMES[:30], "str", "category"),
    "many long texts": ([*NAMES, None], "str", "text"),
    "many long texts that repeat": (NAMES * 2, "str", "text"),
    "codes that repeat": ([f"A{number}" for number in range(40)] * 2, "str", "category"),
    "numbers as categories": ([1, 2, None], "category", "category"),
    "codes that occur once": ([f"A{number}" for number in range(40)], "str", "left out"),
    "no numbers": ([None, None], "float64", "left out"),
    "no texts": ([None, None], "str", "left out"),
    "durations": ([dt.timedelta(days=1)], "timedelta64[us]", "left out"),
    "lists": ([["a"], ["b"]], "object", "left out"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_dtype_and_values_decide_the_role(name: str) -> None:
    values, dtype, expected = COLUMNS[name]

    role, reason = feature_role(pd.Series(values, dtype=dtype))

    assert role == expected
    assert reason


def test_the_table_of_columns_overrides_what_values_show() -> None:
    table = pd.DataFrame({"y": [1, 0], "zip": [1, 2], "note": ["a", "b"], "n": [1.0, np.nan]})

    roles = feature_roles(table, {"zip": "category", "note": "drop", "absent": "date"}, ("y",))

    said = "set in [Dataset.columns]"
    assert roles["zip"] == ColumnRole("category", said, "int64")
    assert roles["note"] == ColumnRole("left out", said, "str")
    assert (list(roles), columns_of(roles, "number")) == (["zip", "note", "n"], ["n"])
