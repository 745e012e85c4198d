"""Numbers as a reader wants them: few digits, the same number of decimals side by side."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUS = "\N{MINUS SIGN}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"


def n_decimals(values: Iterable[float]) -> int:
    """Return the decimals that leave three or four digits to the largest value.

    >>> n_decimals([0.8234, 0.791]), n_decimals([-12.34]), n_decimals([81234.5])
    (3, 2, 0)
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0:
        return 3
    exponent = math.floor(math.log10(largest))
    return max(0, 3 - exponent) if exponent >= 0 else 2 - exponent


def format_number(value: float, decimals: int) -> str:
    """Return the number with thousands separated by commas and a true minus sign."""
    return f"{value:z,.{decimals}f}".replace("-", MINUS)


def format_spread(mean: float, std: float) -> str:
    """Return mean and standard deviation, if there is one, with decimals that suit the mean.

    >>> format_spread(81234.5, 512.2)
    '81,234 ± 512'
    """
    decimals = n_decimals([mean, std])
    if math.isnan(std):
        return format_number(mean, decimals)
    return f"{format_number(mean, decimals)} {PLUS_MINUS} {format_number(std, decimals)}"


def format_cell(value: object) -> str:
    """Return a value of a table as a reader wants it: floats with four digits, None as a dash."""
    if value is None:
        return "\N{EN DASH}"
    if is_numeric(value) and not isinstance(value, int):
        return f"{value:#.4g}".rstrip(".").replace("-", MINUS)
    return str(value)


def is_numeric(value: object) -> bool:
    """Return whether a value is a number, which stands at the right of its column."""
    return isinstance(value, Real) and not isinstance(value, bool)
