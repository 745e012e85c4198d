"""Texts that are dates or truth values, in the forms that files have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

    from runforest.table.distinct import Distinct, Mask

WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "off"), False),
}
"""What a boolean column may hold, in small or capital letters."""


class DateForm(NamedTuple):
    """A form of dates: a regular expression, and the formats of strptime to try."""

    pattern: str
    formats: tuple[str, ...]


_MONTH = "[A-Za-z]{3,9}"
FORMS = (
    DateForm(r"\d{4}-\d{2}-\d{2}", ("%Y-%m-%d",)),
    DateForm(r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    DateForm(r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    DateForm(r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
    DateForm(r"\d{1,2}/\d{1,2}/\d{4}", ("%m/%d/%Y", "%d/%m/%Y")),
    DateForm(r"\d{1,2}/\d{1,2}/\d{2}", ("%m/%d/%y", "%d/%m/%y")),
    DateForm(r"\d{2}\.\d{2}\.\d{2}", ("%d.%m.%y",)),
    DateForm(r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    DateForm(rf"\d{{1,2}}-{_MONTH}-\d{{4}}", ("%d-%b-%Y", "%d-%B-%Y")),
    DateForm(rf"\d{{1,2}} {_MONTH} \d{{4}}", ("%d %b %Y", "%d %B %Y")),
    DateForm(rf"{_MONTH} \d{{1,2}}, \d{{4}}", ("%b %d, %Y", "%B %d, %Y")),
)
ISO = DateForm(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?",
    ("ISO8601",),
)
_TIMES = (
    *((r" \d{1,2}:\d{2}", " %H:%M"), (r" \d{1,2}:\d{2}:\d{2}", " %H:%M:%S")),
    (r" \d{1,2}:\d{2} [AaPp][Mm]", " %I:%M %p"),
    (r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]", " %I:%M:%S %p"),
)
_COMPACT = (DateForm(r"\d{8}", ("%Y%m%d",)), DateForm(r"\d{4}", ("%Y",)))
"""Dates only where [Dataset.columns] says so."""


class Dates(NamedTuple):
    """The date of each distinct text, null where it is none, and the formats that suit all."""

    values: pa.Array
    formats: tuple[str, ...]


def as_dates(distinct: Distinct, wanted: Mask, *, is_said: bool) -> Dates | None:
    """Return the dates of the wanted texts; None if they are not all of one form.

    Where the column is said to hold dates, those of the form that most have.
    """
    forms = [
        *(ISO, *FORMS),
        *(
            DateForm(form.pattern + time, tuple(one + suffix for one in form.formats))
            for form in FORMS
            for time, suffix in _TIMES
        ),
        *(_COMPACT if is_said else ()),
    ]
    first = distinct.examples(wanted, 1)
    if not first:
        return None
    if not is_said:
        forms = [form for form in forms if re.fullmatch(form.pattern, first[0])]
    fitting = [(form, distinct.matching(form.pattern) & wanted) for form in forms]
    if not fitting:
        return None
    form, fits = max(fitting, key=lambda one: distinct.n_rows(one[1]))
    if not is_said and not (fits == wanted).all():
        return None
    found = {one: _parsed(distinct, fits, one) for one in form.formats}
    n_null = int((~fits).sum())
    suiting = tuple(one for one, dates in found.items() if dates.null_count == n_null)
    if not suiting and not is_said:
        return None
    best = suiting[0] if suiting else min(found, key=lambda one: found[one].null_count)
    return Dates(found[best], suiting)


def _parsed(distinct: Distinct, fits: Mask, form: str) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    texts = pd.Series(distinct.texts.to_pandas()).where(fits)
    dates = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return pa.array(dates.dt.tz_localize(None), pa.timestamp("us"), safe=False)


def as_booleans(distinct: Distinct) -> tuple[pa.Array, Mask]:
    """Return the truth value of each distinct text by `WORDS`, null for others, and which are."""
    import numpy as np
    import pyarrow as pa

    values = [WORDS.get(str(text).casefold()) for text in distinct.texts.to_pylist()]
    return pa.array(values, pa.bool_()), np.array([one is not None for one in values], dtype=bool)
