"""Hints that rows belong together, or follow one another in time: one line each, and a guess."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from runforest.table.schema import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

MIN_VALUES = 10
MIN_ROWS_PER_VALUE = 1.5

_KEY_NAME = re.compile(
    r"(?i:(^|[\W_])(patient|subject|participant|person|user|customer|client|visitor|member|student"
    r"|session|household|account)s?([\W_]?(id|key|no|number|code))?$|[\W_]id$)|[a-z0-9]I[dD]$"
)


def split_hints(table: pd.DataFrame, taken: tuple[str, ...]) -> list[Note]:
    """Return hints for `group` and `time` of [Dataset], but for columns that are `taken`.

    - A column is taken for a key of groups if it is named like one (patient, user_id, sessionId),
      holds texts or whole numbers, at least ten different ones, and each of them has one and a half
      rows or more on average.
    - A column is taken for the time of the rows if it holds dates, at least ten different ones, and
      the rows are sorted by it.
    """
    free = table.drop(columns=[name for name in taken if name in table.columns])
    texts = [
        *(
            f'{name}: values repeat over rows; folds by {name}? [Dataset] group = "{name}"'
            for name in islice(_keys(free), 1)
        ),
        *(
            f'{name}: rows are in its order; scores on later rows? [Dataset] time = "{name}"'
            for name in islice(_times(free), 1)
        ),
    ]
    return [Note(text=f"{text} (a guess)") for text in texts]


def _keys(table: pd.DataFrame) -> Iterator[str]:
    from pandas.api.types import is_integer_dtype, is_object_dtype, is_string_dtype

    for name, values in table.items():
        is_key = is_integer_dtype(values) or is_object_dtype(values) or is_string_dtype(values)
        if is_key and _KEY_NAME.search(str(name)):
            n_values = values.nunique()
            if MIN_VALUES <= n_values <= len(values) / MIN_ROWS_PER_VALUE:
                yield str(name)


def _times(table: pd.DataFrame) -> Iterator[str]:
    for name, values in table.select_dtypes("datetime").items():
        is_sorted = values.is_monotonic_increasing or values.is_monotonic_decreasing
        if is_sorted and values.nunique() >= MIN_VALUES:
            yield str(name)
