"""Parquet files and sheets of Excel files as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.table.raw.files import fail

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

_INDEX = "__index_level_"
_EXCEL_REMEDY = "Install it with `pip install 'runforest[excel]'`, or save the sheet as CSV."


def parquet_names(file: Path) -> list[str]:
    """Return the columns of a parquet file, without the index that pandas may have written."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        names = parquet.read_schema(file).names
    except (pa.ArrowInvalid, OSError) as error:
        fail(file, f"is a parquet file that cannot be read ({error}). Get it again.")
    return [name for name in names if not name.startswith(_INDEX)]


def read_parquet(file: Path) -> pa.Table:
    """Return a parquet file.

    Dictionaries are plain texts; what is neither a number, a text, a date nor a boolean is text.
    """
    import pyarrow as pa
    from pyarrow import parquet

    names = parquet_names(file)
    table = parquet.read_table(file, columns=names)
    if not len(table):
        fail(file, "has columns and no rows. Name another file in [Dataset].")
    return pa.table([_plain(column) for column in table.columns], names)


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:  # noqa: PLR0911 - a kind of types each
    """Return values as int64, float64, string, timestamp without a zone, boolean or duration."""
    import pyarrow as pa
    from pyarrow import types

    kind = values.type
    if types.is_dictionary(kind):
        return _plain(values.cast(kind.value_type))
    if types.is_integer(kind):
        try:
            return values.cast(pa.int64())
        except pa.ArrowInvalid:  # beyond 64 bits with a sign
            return values.cast(pa.float64(), safe=False)
    if types.is_date(kind) or types.is_timestamp(kind):
        zone = getattr(kind, "tz", None)
        return values.cast(pa.timestamp("us", zone), safe=False).cast(pa.timestamp("us"))
    if types.is_boolean(kind) or types.is_duration(kind):
        return values
    if types.is_floating(kind) or types.is_decimal(kind):
        return values.cast(pa.float64())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return values.cast(pa.string())
    texts = [None if one is None else str(one) for one in values.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def read_excel(file: Path, sheet: str) -> pa.Table:
    """Return a sheet, the first one if none is named; cells of a mixed column become texts."""
    import pandas as pd
    import pyarrow as pa

    try:
        cells = pd.read_excel(
            file, sheet_name=sheet or 0, header=None, dtype=object, engine="calamine",
            keep_default_na=False, na_values=[""],
        )  # fmt: skip
    except ImportError:
        fail(file, f"is an Excel file, which needs the package python-calamine. {_EXCEL_REMEDY}")
    except ValueError as error:
        with pd.ExcelFile(file, engine="calamine") as book:
            known = ", ".join(map(str, book.sheet_names))
        if sheet and sheet not in known.split(", "):
            message = f'has no sheet "{sheet}". Set [Dataset] sheet to one of: {known}.'
            fail(file, message)
        fail(file, f"is an Excel file that cannot be read ({error}). Save it anew, or as CSV.")
    cells = cells.dropna(how="all").dropna(how="all", axis="columns")
    if not len(cells):
        fail(file, "is empty. It needs a header and at least one row.")
    header, rows = cells.iloc[0], cells.iloc[1:]
    if not len(rows):
        fail(file, "has a header and no rows. Add rows, or name another file in [Dataset].")
    names = ["" if pd.isna(name) else _spelt(name) for name in header]
    return pa.Table.from_arrays([_cells(rows.iloc[:, i]) for i in range(len(names))], names)


def _cells(values: pd.Series) -> pa.Array:
    """Return a column of cells: numbers, booleans or dates where all are, else texts."""
    import pandas as pd
    import pyarrow as pa

    kept = values[values.notna()]
    kinds = {type(one) for one in kept}
    for kind in ({bool}, {int}, {int, float}, {float}):
        if kinds <= kind:
            return pa.array(values.where(values.notna(), None), from_pandas=True)
    dates = pd.to_datetime(kept, errors="coerce") if not kinds & {int, float, bool, str} else None
    if dates is not None and dates.notna().all():
        return pa.array(dates.reindex(values.index), pa.timestamp("us"), safe=False)
    texts = [None if pd.isna(one) else _spelt(one) for one in values]
    return pa.array(texts, pa.string())


def _spelt(value: object) -> str:
    """Return a cell as it is seen: whole numbers without a point, dates without midnight."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return str(value).upper()
    return str(value).strip().removesuffix(" 00:00:00")
