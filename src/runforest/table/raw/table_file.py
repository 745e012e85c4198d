"""A raw table and how it is read: the one reader of profile, plan and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.table.raw.binary import parquet_names, read_excel, read_parquet
from runforest.table.raw.dialect import DELIMITERS, Dialect, header_problem, recognise
from runforest.table.raw.files import fail, kind_of
from runforest.table.raw.text import line_of, read_spelt, read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa

    from runforest.table.options import Reading
    from runforest.table.raw.files import FileKind


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A file, and what is said of how it is read. Column names lose surrounding blanks.

    All methods raise `ConfigError`, which says what is wrong with the file.
    """

    path: Path
    reading: Reading

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, from the beginning of the file where that is enough."""
        if self.kind == "text":
            return self._recognised.names
        names = parquet_names(self.path) if self.kind == "parquet" else self._sheet.column_names
        stripped = tuple(name.strip() for name in names)
        if problem := header_problem(stripped):
            fail(self.path, problem)
        return stripped

    @cached_property
    def kind(self) -> FileKind:
        """What the file holds, by its content."""
        return kind_of(self.path)

    @property
    def has_usual_numbers(self) -> bool:
        """Whether numbers are written in the usual way, as far as it is said and seen."""
        said = self.reading
        is_text = self.kind == "text"
        return not (said.decimal == "," or said.thousands or said.missing) and (
            not is_text or self._recognised.decimal == "."
        )

    def read(self, spelt: Collection[str]) -> RawTable:
        """Return the cells: plain numbers and texts of a text file, typed values of others.

        Columns of a text file that are to be read as they are `spelt` are texts in any case.
        """
        if self.kind == "text":
            table, dialect = read_text(self.path, self._recognised, self.reading, spelt)
            return RawTable(self, table, dialect)
        table = read_parquet(self.path) if self.kind == "parquet" else self._sheet
        return RawTable(self, table.rename_columns([*self.columns]), None)

    @cached_property
    def _recognised(self) -> Dialect:
        return recognise(self.path, self.reading)

    @cached_property
    def _sheet(self) -> pa.Table:
        return read_excel(self.path, self.reading.sheet)


def table_files(paths: Mapping[str, str], reading: Reading) -> dict[str, TableFile]:
    """Return the files by name, those without a path left out."""
    return {
        name: TableFile(path=Path(path), reading=reading) for name, path in paths.items() if path
    }


def read_raw(files: Mapping[str, TableFile], spelt: Collection[str]) -> dict[str, RawTable]:
    """Return the cells of all files; a column of numbers in one alone is read as it is spelt."""
    import pyarrow as pa

    if not all(file.has_usual_numbers for file in files.values()):
        spelt = {name for file in files.values() for name in file.columns}
    raw = {part: file.read(spelt) for part, file in files.items()}
    kinds: dict[str, set[bool]] = {}
    for one in raw.values():
        for name, values in one.columns.items():
            if values.null_count < len(values):
                kinds.setdefault(name, set()).add(values.type == pa.string())
    mixed = {name for name, are_texts in kinds.items() if len(are_texts) > 1}
    for one in raw.values():
        one.respell(mixed)
    return raw


class RawTable:
    """The columns of a file, which are given away one by one so that memory is free again."""

    def __init__(self, file: TableFile, table: pa.Table, dialect: Dialect | None) -> None:
        self.file, self.n_rows = file, len(table)
        self.columns: dict[str, pa.ChunkedArray] = dict(
            zip(table.column_names, table.columns, strict=True)
        )
        self._dialect = dialect

    def respell(self, names: Collection[str]) -> None:
        """Read columns of a text file anew, as they are spelt."""
        import pyarrow as pa

        known = [
            name
            for name, values in self.columns.items()
            if name in names and values.type != pa.string()
        ]
        if self._dialect and known:
            table = read_spelt(self.file.path, self._dialect, known)
            self.columns |= zip(table.column_names, table.columns, strict=True)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.file.path.name

    @property
    def decimal(self) -> str:
        """The decimal sign that the first rows show."""
        return self._dialect.decimal if self._dialect else "."

    @property
    def guesses(self) -> tuple[str, ...]:
        """How the file is read where that is unusual and was not said."""
        return self._dialect.guesses if self._dialect else ()

    @property
    def form(self) -> str:
        """How the file was read, in words."""
        if not self._dialect:
            return self.file.kind
        sign = DELIMITERS.get(self._dialect.delimiter, self._dialect.delimiter)
        return f"text separated by {sign}, {self._dialect.encoding}"

    def place(self, row: int) -> str:
        """Return where a row of the table stands in the file."""
        if self._dialect:
            return f"line {line_of(self.file.path, self._dialect, row)}"
        return f"row {row + 1}"
