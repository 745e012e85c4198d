"""A raw table and how it is read: the one reader of profile, plan and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.table.raw.binary import parquet_names, read_excel, read_parquet
from runforest.table.raw.dialect import DELIMITERS, Dialect, header_problem, recognise
from runforest.table.raw.files import fail, kind_of
from runforest.table.raw.text import line_of, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def read(self) -> RawTable:
        """Return the cells: texts of a text file, typed values of others."""
        if self.kind == "text":
            table, dialect = read_text(self.path, self._recognised, self.reading)
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


class RawTable:
    """The columns of a file, which are given away one by one so that memory is free again."""

    def __init__(self, file: TableFile, table: pa.Table, dialect: Dialect | None) -> None:
        self.file, self.n_rows = file, len(table)
        self.columns: dict[str, pa.ChunkedArray] = dict(
            zip(table.column_names, table.columns, strict=True)
        )
        self._dialect = dialect

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
