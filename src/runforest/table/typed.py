"""Train and test as typed tables with one schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runforest.foundation.errors import ConfigError, Problem
from runforest.table.cells import Recognised, finite, without
from runforest.table.recognise import MisfitError, TextColumn
from runforest.table.roles import LEFT_OUT, feature_roles
from runforest.table.schema import Column, Note, Schema, shortened
from runforest.table.spelling import as_texts, is_number, joined, spelt

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from runforest.table.options import Reading
    from runforest.table.raw.table_file import RawTable

SPELT = "spelt"
"""Ids and class labels: integers where these are written as in the file, else texts."""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The columns with a job, empty for none; `kept` may be in the training file alone."""

    target: str = ""
    id: str = ""
    kind: str = ""
    kept: tuple[str, ...] = ()

    def role_of(self, name: str, reading: Reading) -> str:
        """Return what a column is to be read as, empty where that is to be recognised."""
        if name == self.id or (name == self.target and self.kind == "classification"):
            return SPELT
        said = reading.columns.get(name, "")
        if name == self.target or said == "drop":
            return ""
        return SPELT if said == "id" else said


@dataclass(frozen=True, kw_only=True)
class TypedTables:
    """The tables by name, `train` and where there is one `test`, and their schema."""

    frames: dict[str, pd.DataFrame]
    schema: Schema


def typed_tables(raw: Mapping[str, RawTable], jobs: Jobs, reading: Reading) -> TypedTables:
    """Return typed tables of files whose columns are taken out of `raw`.

    Columns of train that test lacks are left out, bar those with a job. Raises ConfigError with a
    line per column in which a cell does not fit what the column is said to be.
    """
    jobs_names = {jobs.target, jobs.id, *jobs.kept}
    left_out = {
        name: f"{raw['test'].name} lacks it"
        for name in raw["train"].columns
        if "test" in raw and name not in raw["test"].columns and name not in jobs_names
    }
    names = list(dict.fromkeys(name for one in raw.values() for name in one.columns))
    columns: dict[str, dict[str, pa.ChunkedArray]] = {part: {} for part in raw}
    spellings, notes = {}, file_notes(raw, left_out)
    problems: list[Problem] = []
    for name in [one for one in names if one not in left_out]:
        parts = {part: one.columns.pop(name) for part, one in raw.items() if name in one.columns}
        try:
            found = _typed_column(name, raw, parts, jobs, reading)
        except MisfitError as error:
            problems.append(_misfit(raw, parts, name, error))
            continue
        spellings[name] = found.spelling
        notes += found.notes if reading.columns.get(name) != "drop" else ()
        start = 0
        for part, values in parts.items():
            columns[part][name] = found.cells.slice(start, len(values))
            start += len(values)
    if problems:
        raise ConfigError(problems)
    frames = {part: _frame(found) for part, found in columns.items()}
    schema = Schema(
        columns=_columns(frames, jobs, reading, spellings),
        left_out=left_out,
        files={part: one.form for part, one in raw.items()},
        notes=tuple(shortened(notes)),
    )
    return TypedTables(frames=frames, schema=schema)


def file_notes(raw: Mapping[str, RawTable], left_out: Mapping[str, str]) -> list[Note]:
    """Return how files are read where that was guessed, files that are read alike together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in raw.values():
        if one.guesses:
            alike.setdefault(one.guesses, []).append(one.name)
    notes = [
        Note(text=f"{', '.join(files)}: {', '.join(guesses)}") for guesses, files in alike.items()
    ]
    if left_out:
        them = "it" if len(left_out) == 1 else "them"
        text = f"{', '.join(left_out)}: left out, since {raw['test'].name} lacks {them}"
        notes.append(Note(text=text, is_warning=True))
    return notes


def _typed_column(
    name: str,
    raw: Mapping[str, RawTable],
    parts: Mapping[str, pa.ChunkedArray],
    jobs: Jobs,
    reading: Reading,
) -> Recognised:
    """Return the values of all files, one after another, typed alike."""
    import pyarrow as pa

    role = jobs.role_of(name, reading)
    values = list(parts.values())
    if role == SPELT:
        return Recognised(cells=spelt(values, reading))
    if {one.type for one in values} == {pa.int64(), pa.float64()}:
        values = [one.cast(pa.float64()) for one in values]
    kind = values[0].type
    is_native = _suits(kind, role) and all(one.type == kind for one in values)
    if is_native and kind != pa.string():
        return finite(name, joined(values))
    texts = joined([as_texts(one) for one in values])
    if is_native and all(raw[part].file.kind == "parquet" for part in parts):
        return Recognised(cells=without(texts, reading.missing or ()))
    column = TextColumn(
        name=name,
        values=texts,
        reading=reading,
        role=role,
        file_decimal="," if any(one.decimal == "," for one in raw.values()) else ".",
        parts=[(raw[part].name, len(one)) for part, one in parts.items()],
    )
    found = column.recognised()
    if name == jobs.target and not is_number(found.cells.type):
        return replace(column, role="number").recognised()  # names a cell that is none
    return found


def _suits(kind: pa.DataType, role: str) -> bool:
    """Return whether values of a type of Arrow are what a column is said to be."""
    from pyarrow import types

    checks = {
        "number": is_number,
        "boolean": types.is_boolean,
        "date": types.is_timestamp,
        "category": types.is_string,
        "text": types.is_string,
    }
    return not role or bool(checks[role](kind))


def _misfit(
    raw: Mapping[str, RawTable], parts: Mapping[str, pa.ChunkedArray], name: str, error: MisfitError
) -> Problem:
    row = error.row
    for part, values in parts.items():
        if row < len(values):
            where = raw[part]
            message = f"{where.place(row)} {error.wrong}"
            return Problem(where=str(where.file.path), key=name, message=message)
        row -= len(values)
    raise error


def _frame(columns: dict[str, pa.ChunkedArray]) -> pd.DataFrame:
    """Return columns of Arrow as a frame; integers and booleans may have missing values."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.bool_(): "boolean", pa.int64(): "Int64"}
    special = {
        name: pd.Series(values.to_pylist(), dtype=nullable[values.type])
        for name, values in columns.items()
        if values.null_count and values.type in nullable
    }
    names = list(columns)
    plain = pa.table({name: columns[name] for name in names if name not in special})
    frame: pd.DataFrame = plain.to_pandas(split_blocks=True)
    if special:
        frame = pd.concat([frame, pd.DataFrame(special)], axis=1)[names]
    return frame


def plain_integers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose integers are NumPy's, in columns that have no missing values."""
    kinds = zip(table.columns, table.dtypes, strict=True)
    nullable = [name for name, kind in kinds if str(kind) == "Int64"]
    plain = {name: "int64" for name in nullable if table[name].notna().all()}
    return table.astype(plain) if plain else table


def _columns(
    frames: Mapping[str, pd.DataFrame], jobs: Jobs, reading: Reading, spellings: Mapping[str, str]
) -> tuple[Column, ...]:
    missing = {part: frame.isna().sum().to_dict() for part, frame in frames.items()}
    roles = feature_roles(frames["train"], reading.columns)
    found = []
    for name, spelling in spellings.items():
        part = next(frame for frame in frames.values() if name in frame.columns)
        role, reason = roles.get(name, (LEFT_OUT, "the training file lacks it"))[:2]
        if name == jobs.target:
            role, reason = "target", jobs.kind
        elif name == jobs.id:
            role, reason = "id", "names a row"
        gaps = {part: int(one[name]) for part, one in missing.items() if name in one}
        found.append(
            Column(
                name=name, role=role, reason=reason, dtype=str(part[name].dtype),
                missing=gaps, spelling=spelling,
            )
        )  # fmt: skip
    return tuple(found)
