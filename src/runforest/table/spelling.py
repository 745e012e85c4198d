"""Values as they are spelt: what ids and classes stay, and typed values as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.table.cells import finite, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from runforest.table.options import Reading


def is_number(kind: pa.DataType) -> bool:
    """Return whether a type of Arrow is one of numbers."""
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind))


def joined(parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return the values of all files one after another."""
    import pyarrow as pa

    return pa.chunked_array([chunk for one in parts for chunk in one.chunks], parts[0].type)


def as_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return typed values as texts, whole numbers without a point."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_string(values.type):
        return values
    if types.is_boolean(values.type):
        return pc.if_else(values, "True", "False")
    if types.is_floating(values.type):
        values = whole(values)
    if types.is_timestamp(values.type):
        return pc.replace_substring_regex(values.cast(pa.string()), r"( 00:00:00)?\.000000$", "")
    return values.cast(pa.string())


def whole(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return floats as integers where all are whole."""
    import pyarrow as pa

    nan_free = finite("", values).cells
    try:
        return nan_free.cast(pa.int64())
    except pa.ArrowInvalid:
        return nan_free


def spelt(parts: Sequence[pa.ChunkedArray], reading: Reading) -> pa.ChunkedArray:
    """Return values as they are spelt: integers where these give back the very same texts."""
    import pyarrow as pa

    if all(one.type == pa.int64() for one in parts):
        return joined(parts)
    texts = without(joined([as_texts(one) for one in parts]), reading.missing_in(is_spelt=True))
    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return texts
    return numbers if numbers.cast(pa.string()).equals(texts) else texts
