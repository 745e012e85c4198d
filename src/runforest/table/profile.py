"""What the target and the id of a data set hold: looked at once per content, then remembered."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from runforest.results.digests import text_digest

if TYPE_CHECKING:
    import pandas as pd

    from runforest.model.estimators import Kind
    from runforest.results.line_cache import LineCache
    from runforest.table.table_file import TableFile

MAX_CLASSES = 20
"""A whole-number target with more distinct values than this is taken for a quantity."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Counts over the columns that have a role.

    `smallest_class` is the number of rows of the rarest value of the target, `target_low` its
    least value where it is of numbers, `duplicates` for each column that may be the id the number
    of rows that repeat an earlier value or have none.
    """

    n_rows: int
    n_columns: int
    n_target_values: int = 0
    smallest_class: int = 0
    target_low: float | None = None
    is_number: bool = True
    inferred_kind: Kind = "regression"
    duplicates: dict[str, int] = field(default_factory=dict)


def profile_file(
    file: TableFile, target: str, ids: list[str], digest: str, cache: LineCache
) -> Profile:
    """Return the profile of a file with this digest; `target` is empty for the test file."""
    # With the names of the fields: another version may have others.
    wanted = [digest, target, ids, file.delimiter, file.encoding, [*Profile.__annotations__]]
    key = text_digest(json.dumps(wanted))
    known = cast("dict[str, Any] | None", cache.get(key))
    if known:
        return Profile(**known)
    profile = profile_table(file.peek(), target, ids)
    cache.put(key, dataclasses.asdict(profile))
    return profile


def profile_table(table: pd.DataFrame, target: str, ids: list[str]) -> Profile:
    """Return the profile of a table, without a target where that is empty."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    duplicates = {name: int((table[name].duplicated() | table[name].isna()).sum()) for name in ids}
    profile = Profile(n_rows=len(table), n_columns=table.shape[1], duplicates=duplicates)
    if not target:
        return profile
    values = table[target].dropna()
    counts = values.value_counts()
    is_number = is_numeric_dtype(values) and not is_bool_dtype(values)
    is_class = not is_number or ((values == values.round()).all() and len(counts) <= MAX_CLASSES)
    return dataclasses.replace(
        profile,
        n_target_values=len(counts),
        smallest_class=int(counts.min()) if len(counts) else 0,
        target_low=float(values.min()) if is_number and len(values) else None,
        is_number=is_number,
        inferred_kind="classification" if is_class else "regression",
    )
