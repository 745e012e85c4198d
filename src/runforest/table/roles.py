"""What a column of a typed table is to a model: its role, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FeatureRole = Literal["number", "category", "text", "date", "boolean"]
"""What a model learns from."""

Role = Literal["number", "category", "text", "date", "boolean", "id", "group", "target"]
LeftOut = Literal["left out"]
LEFT_OUT: LeftOut = "left out"

FEATURE_ROLES: tuple[FeatureRole, ...] = get_args(FeatureRole)
OVERRIDES = (*FEATURE_ROLES, "id", "drop")
"""What `[Dataset.columns]` may call a column."""

FEW_VALUES = 30
"""Distinct values up to which a column of texts is one of categories, whatever they are."""

WORDS_OF_A_TEXT = 3
_SAMPLED = 1000


class ColumnRole(NamedTuple):
    """What a column is to a model: one of `FEATURE_ROLES` or `LEFT_OUT`, and why."""

    role: str
    reason: str
    dtype: str
    has_hours: bool = False
    """Whether a date is more than a day."""


Roles = dict[str, ColumnRole]
"""The columns that a model may learn from, in the order of the table."""


def feature_role(values: pd.Series) -> tuple[FeatureRole | LeftOut, str]:
    """Return the role that a typed column has by its dtype and its values, and the reason.

    A text has on average at least three words in a column of more than thirty distinct values.

    >>> import pandas as pd
    >>> feature_role(pd.Series([1.5, None]))
    ('number', 'numbers')
    >>> feature_role(pd.Series([None, None], dtype="str"))
    ('left out', 'no value in any row')
    """
    from pandas.api import types

    checks = {
        "boolean": types.is_bool_dtype,
        "number": types.is_any_real_numeric_dtype,
        "date": types.is_datetime64_any_dtype,
    }
    role = next((role for role, suits in checks.items() if suits(values.dtype)), "")
    if not values.notna().any():
        return LEFT_OUT, "no value in any row"
    if role:
        return cast("FeatureRole", role), f"{role}s"
    if types.is_timedelta64_dtype(values.dtype):
        return LEFT_OUT, "a duration: make it a number, such as its seconds"
    try:
        return _role_of_texts(values.dropna())
    except TypeError:  # not hashable, such as lists
        return LEFT_OUT, "its values are neither numbers nor texts"


def _role_of_texts(values: pd.Series) -> tuple[FeatureRole | LeftOut, str]:
    distinct = cast("NDArray[np.object_]", values.unique())
    if len(distinct) <= FEW_VALUES:
        return "category", f"{len(distinct)} distinct values"
    sample = [len(str(value).split()) for value in distinct[:_SAMPLED]]
    n_words = sum(sample) / len(sample)
    if n_words >= WORDS_OF_A_TEXT:
        return "text", f"{n_words:.0f} words on average"
    if len(distinct) == len(values):
        return LEFT_OUT, "each value occurs once"
    return "category", f"{len(distinct)} distinct values"


def feature_roles(
    table: pd.DataFrame, overrides: Mapping[str, object], exclude: Iterable[str] = ()
) -> Roles:
    """Return what a model makes of each column of a table, the excluded ones not among them.

    Parameters
    ----------
    table : (n_rows, n_columns) frame
        All rows that there are: roles follow from the table, not from the rows of a fold.
    overrides
        Column -> what `[Dataset.columns]` calls it; names that the table lacks do not matter.
    exclude
        Target, id and group.
    """
    excluded: Collection[str] = set(exclude)
    roles = {}
    has_values = table.notna().any()  # looking at thousands of columns one by one is slow
    for name, dtype, has_value in zip(table.columns, table.dtypes, has_values, strict=True):
        if name in excluded:
            continue
        if override := str(overrides.get(name, "")):
            role, reason = _overridden(override)
        elif has_value and dtype.kind in "iuf":
            role, reason = "number", "numbers"
        else:
            role, reason = feature_role(table[name])
        hours = role == "date" and _has_hours(table[name])
        roles[str(name)] = ColumnRole(role, reason, str(dtype), has_hours=hours)
    return roles


def _has_hours(dates: pd.Series) -> bool:
    known = dates.dropna()
    return bool((known.dt.normalize() != known).any())


def _overridden(role: str) -> tuple[str, str]:
    reason = "set in [Dataset.columns]"
    return (role if role in FEATURE_ROLES else LEFT_OUT), reason


def columns_of(roles: Roles, role: str) -> list[str]:
    """Return the columns that have a role."""
    return [name for name, column in roles.items() if column.role == role]
