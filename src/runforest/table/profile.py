"""What a data set holds: looked at once per content, then remembered."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runforest.results.digests import text_digest
from runforest.table.cells import without
from runforest.table.hints import split_hints
from runforest.table.raw.table_file import read_raw
from runforest.table.recognise import TextColumn
from runforest.table.schema import Note, Schema
from runforest.table.spelling import as_texts, is_number, spelt, whole
from runforest.table.typed import Jobs, TypedTables, typed_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from runforest.foundation.estimator_names import Kind
    from runforest.results.line_cache import LineCache
    from runforest.table.options import Reading
    from runforest.table.raw.table_file import RawTable, TableFile

BINARY = 2
MAX_CLASSES = 20
"""A whole-number target with more distinct values than this is taken for a quantity."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Counts over the columns that have a job, and the schema of all.

    `smallest_class` is the number of rows of the rarest value of the target, `target_low` its
    least value where it is of numbers, `duplicates` for each column that may be the id the number
    of rows that repeat an earlier value or have none, `id` the one that was chosen.
    """

    n_rows: int
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    n_target_values: int = 0
    smallest_class: int = 0
    target_low: float | None = None
    has_numbers: bool = True
    kind: Kind = "regression"
    id: str = ""
    duplicates: dict[str, int] = field(default_factory=dict)
    schema: Schema = field(default_factory=Schema)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is known of the columns before they are looked at.

    `ids` are those that may be the id, one that was named or several that are named like one;
    `kind` is empty where it is to be inferred; `are_splits_said` needs no hint.
    """

    target: str
    ids: tuple[str, ...] = ()
    is_id_named: bool = False
    kind: str = ""
    kept: tuple[str, ...] = ()
    are_splits_said: bool = False


@cache
def code_digest() -> str:
    """Return the digest of the code of this room: what other code recognised is not known."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return text_digest("".join(file.read_text(encoding="utf-8") for file in files))


def profile_files(
    files: Mapping[str, TableFile],
    wanted: Wanted,
    reading: Reading,
    digests: Mapping[str, str],
    known: LineCache,
) -> Profile:
    """Return the profile of `train`, and where there is one `test`, with these digests."""
    parts = [dataclasses.asdict(wanted), reading.options(), dict(reading.columns)]
    names = [one.path.name for one in files.values()]  # notes name them
    key = text_digest(json.dumps([*parts, names, dict(digests), code_digest()]))
    found = cast("dict[str, Any] | None", known.get(key))
    if found:
        return Profile(**{**found, "schema": Schema.of_json(found["schema"])})
    profile = _look(files, wanted, reading)
    known.put(key, dataclasses.asdict(profile))
    return profile


def read_tables(files: Mapping[str, TableFile], jobs: Jobs, reading: Reading) -> TypedTables:
    """Return the typed tables; once without parsing, if this process made them for a profile."""
    found = _made.pop(_key(files, jobs, reading), None)
    if found:
        return found
    spelt = {jobs.target, jobs.id, *reading.spelt}
    return typed_tables(read_raw(files, spelt), jobs, reading)


def peek_tables(files: Mapping[str, TableFile], jobs: Jobs, reading: Reading) -> TypedTables:
    """Return the typed tables, which the next `read_tables` in this process returns too."""
    tables = _made[_key(files, jobs, reading)] = read_tables(files, jobs, reading)
    return tables


_made: dict[str, TypedTables] = {}


def _key(files: Mapping[str, TableFile], jobs: Jobs, reading: Reading) -> str:
    stamps = [(str(one.path), one.path.stat().st_mtime_ns) for one in files.values()]
    columns = dict(reading.columns)
    return json.dumps([stamps, dataclasses.asdict(jobs), reading.options(), columns])


def _look(files: Mapping[str, TableFile], wanted: Wanted, reading: Reading) -> Profile:
    raw = read_raw(files, {wanted.target, *wanted.ids, *reading.spelt})
    duplicates = {
        name: sum(_n_repeated(one.columns[name], reading) for one in raw.values())
        for name in wanted.ids
    }
    profile = _look_at_target(raw, wanted, reading)
    has_target = profile.n_target_values > 1
    if not has_target or (profile.kind == "regression" and not profile.has_numbers):
        return dataclasses.replace(profile, duplicates=duplicates)
    unique = [name for name, count in duplicates.items() if not count]
    chosen = next(iter(unique or (wanted.ids if wanted.is_id_named else ())), "")
    notes = []
    if not wanted.kind and profile.target_low is not None and profile.kind == "classification":
        notes += _kind_notes(wanted.target, profile.n_target_values)
    if duplicates and not chosen:
        notes.append(_doubled_note(*next(iter(duplicates.items()))))
    jobs = Jobs(target=wanted.target, id=chosen, kind=profile.kind, kept=wanted.kept)
    tables = typed_tables(raw, jobs, reading)
    _made.clear()
    _made[_key(files, jobs, reading)] = tables
    if not wanted.are_splits_said:
        notes += split_hints(tables.frames["train"], (wanted.target, chosen))
    schema = dataclasses.replace(tables.schema, notes=(*tables.schema.notes, *notes))
    return dataclasses.replace(profile, id=chosen, duplicates=duplicates, schema=schema)


def _doubled_note(name: str, n_doubled: int) -> Note:
    text = f"{name}: named like an id, but {repeated(n_doubled)} none, so predictions are numbered"
    remedy = 'by guess; [Dataset] id = "..." names an id, has_id = false says that there is none'
    return Note(text=f"{text} ({remedy})", is_warning=True)


def repeated(n_rows: int) -> str:
    """Return how many rows have a doubled id or none, but for the last word."""
    return (
        "1 row repeats a value or has" if n_rows == 1 else f"{n_rows} rows repeat a value or have"
    )


def _kind_notes(target: str, n_values: int) -> list[Note]:
    """Return that several whole numbers are taken for classes; of two they are in any case."""
    text = f"{target}: {n_values} whole numbers, taken for classes (a guess; [Dataset] kind = "
    return [Note(text=f'{text}"regression" if they are a quantity)')] if n_values > BINARY else []


def _n_repeated(values: pa.ChunkedArray, reading: Reading) -> int:
    ids = without(as_texts(values), reading.missing_in(is_spelt=True)).drop_null()
    return len(values) - len(ids.unique())


def _look_at_target(raw: Mapping[str, RawTable], wanted: Wanted, reading: Reading) -> Profile:
    """Return the counts over the target of the training file, and its kind."""
    import pyarrow.compute as pc

    train = raw["train"]
    values = train.columns[wanted.target]
    numbers, n_numbers = _target_numbers(train, wanted.target, reading)
    kind = cast("Kind", wanted.kind)
    if not wanted.kind:
        is_quantity = numbers is not None and not _are_classes(numbers)
        kind = "regression" if is_quantity else "classification"
    labels = spelt([values], reading)
    counted = labels if kind == "classification" or numbers is None else numbers
    counts = pc.value_counts(counted.drop_null()).field("counts")
    return Profile(
        n_rows=train.n_rows,
        sizes={part: (one.n_rows, len(one.columns)) for part, one in raw.items()},
        n_target_values=len(counts),
        smallest_class=pc.min(counts).as_py() or 0,
        target_low=None if numbers is None else _lowest(numbers),
        has_numbers=n_numbers > 0,
        kind=kind,
    )


def _target_numbers(
    train: RawTable, target: str, reading: Reading
) -> tuple[pa.ChunkedArray | None, int]:
    """Return the target as numbers, None if it has others, and the count of its numbers."""
    import pyarrow as pa

    values = train.columns[target]
    if values.type != pa.string():
        return (values, len(values)) if is_number(values.type) else (None, 0)
    if train.file.kind == "parquet":
        return None, 0
    column = TextColumn(name=target, values=values, reading=reading, file_decimal=train.decimal)
    cells = column.recognised().cells
    return cells if is_number(cells.type) else None, column.n_numbers()


def _lowest(numbers: pa.ChunkedArray) -> float | None:
    import pyarrow.compute as pc

    lowest = pc.min(numbers).as_py()
    return None if lowest is None else float(lowest)


def _are_classes(numbers: pa.ChunkedArray) -> bool:
    """Return whether numbers are whole and few."""
    from pyarrow import types

    distinct = whole(numbers.drop_null().unique())
    return bool(types.is_integer(distinct.type)) and len(distinct) <= MAX_CLASSES
