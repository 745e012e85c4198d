"""Typed cells of a column, and missing ones among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.table.schema import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Typed values of a column, of all files one after another."""

    cells: pa.ChunkedArray
    spelling: str = ""
    notes: tuple[Note, ...] = ()


def finite(name: str, numbers: pa.ChunkedArray | pa.Array) -> Recognised:
    """Return numbers as floats where some are missing, infinite ones too: no estimator takes them.

    Other values stay as they are.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = chunked(numbers)
    if values.null_count and pa.types.is_integer(values.type):
        values = values.cast(pa.float64(), safe=False)
    if not pa.types.is_floating(values.type):
        return Recognised(cells=values)
    infinite = pc.is_inf(values)
    if not pc.any(infinite).as_py():
        return Recognised(cells=values)
    n_infinite = pc.sum(infinite).as_py()
    values = pc.if_else(infinite, pa.scalar(None, values.type), values)
    text = f"{name}: {n_values(n_infinite, 'inf')} read as missing"
    topic = "infinite values, read as missing"
    note = Note(text=text, is_warning=True, column=name, topic=topic)
    return Recognised(cells=values, notes=(note,))


def without(values: pa.ChunkedArray, words: Sequence[str]) -> pa.ChunkedArray:
    """Return texts with those that mean a missing value as null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.is_in(values, value_set=pa.array([*words], pa.string()))
    if not pc.any(found).as_py():
        return values
    return pc.if_else(found, pa.scalar(None, values.type), values)


def chunked(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    """Return values as a chunked array."""
    import pyarrow as pa

    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])


def n_values(n: int, words: str) -> str:
    """Return a number of values in words."""
    return f"{n} value{'s' if n > 1 else ''} ({words})"
