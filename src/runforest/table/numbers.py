"""Texts that are numbers, in the spellings that files have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from runforest.table.distinct import Distinct, Mask

MARKERS = (
    *("?", "??", "-", "--", "---", ".", "..", "*", "x", "n/k", "n/d", "n.a.", "n.d.", "nd", "n/v"),
    *("unknown", "missing", "none", "nil", "na", "n/a", "nan", "null", "not available", "tbd"),
    *("0000-00-00", "0000-00-00 00:00:00"),
)
"""What stands for a missing number or date, in small letters, beside what pandas knows."""

MAX_MARKED, MAX_STRAY, MAX_STRAY_TEXTS = 0.5, 0.05, 2
"""Shares of rows up to which markers, and up to how many other texts, are missing values."""

_INFINITE = "(?i:inf|infinity|nan)"


@dataclass(frozen=True, kw_only=True)
class Style:
    """How numbers are written."""

    decimal: str = "."
    thousands: str = ""

    @property
    def pattern(self) -> str:
        """The regular expression of a number."""
        point, group = re.escape(self.decimal), f"[{re.escape(self.thousands)}]"
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if self.thousands else r"\d+"
        return rf"[+-]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?|[+-]?{_INFINITE}"

    def __str__(self) -> str:
        """Return the style in words, nothing for the usual one."""
        words = {",": "decimal comma"}.get(self.decimal, "")
        groups = f'"{self.thousands[:1]}" between thousands' if self.thousands else ""
        return ", ".join(filter(None, [words, groups]))


BLANKS, APOSTROPHES = " \u00a0\u202f", "'\u2019"
_STYLES = {
    ".": [Style(), Style(thousands=",")],
    ",": [Style(decimal=","), Style(decimal=",", thousands="."), Style()],
}
_MORE_STYLES = [
    *(Style(decimal=point, thousands=one) for one in (BLANKS, APOSTROPHES) for point in ".,"),
    *(Style(decimal=","), Style(decimal=",", thousands=".")),
]


def styles(decimal: str, thousands: str, file_decimal: str) -> list[Style]:
    """Return the styles to try: the configured one, or those that files have, the likely first."""
    if thousands:
        return [Style(decimal=decimal or (file_decimal if thousands != "," else "."),
                      thousands=thousands)]  # fmt: skip
    if decimal:
        return [Style(decimal=decimal)]
    likely = _STYLES[file_decimal]
    return [*likely, *(one for one in _MORE_STYLES if one not in likely)]


def plain_numbers(values: pa.ChunkedArray, *, is_usual: bool) -> pa.ChunkedArray | None:
    """Return texts as numbers where all are plainly so, else None.

    Fractions are only tried where numbers are written in the usual way.
    """
    from pyarrow.lib import ArrowInvalid, float64, int64

    for kind in (int64(), float64()) if is_usual else (int64(),):
        try:
            return values.cast(kind)
        except ArrowInvalid:
            continue
    return None


def best_style(distinct: Distinct, tried: list[Style]) -> tuple[Style, Mask]:
    """Return the style that most rows are written in, and which of the texts are numbers in it."""
    import numpy as np

    best, most = tried[0], np.zeros(len(distinct.texts), dtype=bool)
    if not distinct.matching(r"[+-]?[.,]?\d.*").any():
        return best, distinct.matching(_INFINITE)
    n_best = -1
    for style in tried:
        fits = distinct.matching(style.pattern)
        n_rows = distinct.n_rows(fits)
        if n_rows > n_best:
            best, most, n_best = style, fits, n_rows
        if n_rows == distinct.counts.sum():
            break
    return best, most


def as_numbers(distinct: Distinct, style: Style, fits: Mask) -> pa.Array:
    """Return the number of each distinct text, null where it is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cleaned = pc.if_else(pa.array(fits), distinct.texts, pa.scalar(None, pa.string()))
    cleaned = pc.replace_substring_regex(cleaned, r"^\+", "")
    if style.thousands:
        cleaned = pc.replace_substring_regex(cleaned, f"[{re.escape(style.thousands)}]", "")
    if style.decimal != ".":
        cleaned = pc.replace_substring(cleaned, style.decimal, ".")
    try:
        return cleaned.cast(pa.int64())
    except pa.ArrowInvalid:
        return cleaned.cast(pa.float64())


def are_missing(distinct: Distinct, strange: Mask) -> bool:
    """Return whether texts among numbers stand for missing values: markers, or few others."""
    n_rows = max(int(distinct.counts.sum()), 1)
    others = strange & ~distinct.among(MARKERS, ignores_case=True)
    return (
        distinct.n_rows(strange) <= MAX_MARKED * n_rows
        and distinct.n_rows(others) <= MAX_STRAY * n_rows
        and distinct.n_distinct(others) <= MAX_STRAY_TEXTS
    )
