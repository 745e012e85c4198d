"""The one reader of raw tables, text files with a delimiter, for checks and for tasks."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from runforest.foundation.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

MAX_FIELD = 2**31 - 1
OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A file, and how it is read. Column names lose surrounding blanks.

    All methods raise `ConfigError`, which says what is wrong with the file.
    """

    path: Path
    delimiter: str = ","
    encoding: str = "utf-8"

    def columns(self) -> tuple[str, ...]:
        """Return the names of the header, from the beginning of the file."""
        if not self.path.is_file():
            self._fail(_missing_file(self.path))
        rows = self._rows()
        _, header = next(rows, (0, []))
        names = tuple(name.strip() for name in header)
        problem = self._header_problem(names)
        if not problem and next(rows, None) is None:
            problem = "has a header and no rows. Add rows, or name another file in [Dataset]."
        if problem:
            self._fail(problem)
        return names

    def peek(self) -> pd.DataFrame:
        """Return the table, which the next `read` in this process returns without parsing again."""
        table = _parsed[self._key()] = self.read()
        return table

    def read(self) -> pd.DataFrame:
        """Return the table, all rows of which are as long as the header.

        pandas takes longer ones for rows with an index, which shifts every column, and fills up
        shorter ones, such as the last row of a file that was cut off.
        """
        parsed = _parsed.pop(self._key(), None)
        if parsed is not None:
            return parsed
        import pandas as pd

        rows = self._rows()
        _, header = next(rows)
        for line, row in rows:
            if len(row) != len(header):
                self._fail_as_table(f"line {line} has {len(row)} fields, the header {len(header)}")
        try:
            options: dict[str, Any] = {"low_memory": False, "index_col": False}
            options |= {"encoding": self.encoding, "sep": self.delimiter}
            table: pd.DataFrame = pd.read_csv(self.path, **options)
        except ValueError as error:
            self._fail_as_table(str(error).strip())
        table.columns = table.columns.str.strip()
        return table

    def _key(self) -> tuple[TableFile, int, int]:
        status = self.path.stat()
        return self, status.st_mtime_ns, status.st_size

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows with the numbers of their lines; blank lines are none."""
        csv.field_size_limit(MAX_FIELD)
        # pandas reads a file with the byte order mark of UTF-8 too.
        is_utf8 = self.encoding.casefold() in {"utf-8", "utf8", "utf_8"}
        try:
            encoding = "utf-8-sig" if is_utf8 else self.encoding
            with self.path.open(encoding=encoding, newline="") as source:
                rows = csv.reader(self._lines(source), delimiter=self.delimiter)
                for row in rows:
                    if len(row) > 1 or "".join(row).strip():
                        yield rows.line_num, row
        except UnicodeDecodeError as error:
            reason = f"cannot be decoded as {self.encoding}: {error.reason} at byte {error.start}"
            remedy = 'Set the encoding of the file, such as [Dataset] encoding = "latin-1".'
            self._fail(f"{reason}. {remedy}")
        except LookupError:
            remedy = 'Use a Python codec name: [Dataset] encoding = "utf-8".'
            self._fail(f'unknown encoding "{self.encoding}". {remedy}')
        except OSError as error:
            self._fail(f"cannot be read ({error.strerror}). Make it readable.")

    def _lines(self, source: Iterable[str]) -> Iterator[str]:
        for line in source:
            if "\0" in line:
                reason = f"has a NUL character, so it is no text in {self.encoding}"
                remedy = 'Repair it, or set its encoding, such as [Dataset] encoding = "utf-16".'
                self._fail(f"{reason}. {remedy}")
            yield line

    def _fail_as_table(self, reason: str) -> NoReturn:
        self._fail(f"is not a table: {reason}. Correct the file, or set [Dataset] delimiter.")

    def _fail(self, message: str) -> NoReturn:
        raise ConfigError([Problem(where=str(self.path), message=message)]) from None

    def _header_problem(self, names: tuple[str, ...]) -> str | None:
        if not names:
            return "is empty. It needs a header and at least one row."
        others = [other for other in OTHER_DELIMITERS if other in names[0]]
        if len(names) == 1 and others and others[0] != self.delimiter:
            shown = others[0].replace("\t", "\\t")
            return (
                f'has one column with the delimiter "{self.delimiter}", but its header '
                f'contains "{shown}". Set [Dataset] delimiter = "{shown}".'
            )
        duplicates = sorted({name for name in names if names.count(name) > 1})
        if duplicates:
            return f"has the column {', '.join(duplicates)} more than once. Rename one of them."
        if "" in names:
            return f"has no name for column {names.index('') + 1}. Name it in the header."
        return None


_parsed: dict[tuple[TableFile, int, int], pd.DataFrame] = {}


def _missing_file(file: Path) -> str:
    if file.is_dir():
        return "is a folder. Name a file: [Dataset] train and test, in [PathConfig] input."
    remedy = "Set [PathConfig] input to the folder of the data set, [Dataset] train and test to its"
    remedy += " files."
    if not file.parent.is_dir():
        return f"no such file: the folder {file.parent} does not exist. {remedy}"
    present = sorted(path.name for path in file.parent.iterdir() if path.is_file())[:10]
    found = ", ".join(present) if present else "nothing"
    return f"no such file. The folder holds: {found}. {remedy}"
