"""The one reader of raw tables, for the checks before a run and for the tasks.

Today a raw table is a text file with a delimiter.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.errors import ConfigError, Problem

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
            raise self._error(_missing_file(self.path))
        rows = self._rows()
        _, header = next(rows, (0, []))
        names = tuple(name.strip() for name in header)
        problem = self._header_problem(names)
        if not problem and next(rows, None) is None:
            problem = "has a header and no rows. Add rows, or name another file in [Dataset]."
        if problem:
            raise self._error(problem)
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
                reason = f"line {line} has {len(row)} fields, the header {len(header)}"
                raise self._no_table(reason)
        try:
            table = pd.read_csv(
                self.path,
                sep=self.delimiter,
                encoding=self.encoding,
                low_memory=False,
                index_col=False,
            )
        except ValueError as error:
            raise self._no_table(str(error).strip()) from error
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
            with self.path.open(
                encoding="utf-8-sig" if is_utf8 else self.encoding, newline=""
            ) as source:
                rows = csv.reader(self._lines(source), delimiter=self.delimiter)
                for row in rows:
                    if len(row) > 1 or "".join(row).strip():
                        yield rows.line_num, row
        except UnicodeDecodeError as error:
            reason = f"cannot be decoded as {self.encoding}: {error.reason} at byte {error.start}"
            message = f"{reason}. Set the encoding of the file, such as"
            raise self._no_text(message, "latin-1") from None
        except LookupError:
            message = f'unknown encoding "{self.encoding}". Use a Python codec name:'
            raise self._no_text(message, "utf-8") from None
        except OSError as error:
            message = f"cannot be read ({error.strerror}). Make it readable."
            raise self._error(message) from None

    def _lines(self, source: Iterable[str]) -> Iterator[str]:
        for line in source:
            if "\0" in line:
                reason = f"has a NUL character, so it is no text in {self.encoding}"
                message = f"{reason}. Repair it, or set its encoding, such as"
                raise self._no_text(message, "utf-16")
            yield line

    def _no_text(self, message: str, encoding: str) -> ConfigError:
        return self._error(f'{message} [Dataset] encoding = "{encoding}".')

    def _no_table(self, reason: str) -> ConfigError:
        remedy = "Correct the file, or set [Dataset] delimiter."
        return self._error(f"is not a table: {reason}. {remedy}")

    def _error(self, message: str) -> ConfigError:
        return ConfigError([Problem(where=str(self.path), message=message)])

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
        return (
            "is a folder. Name a file: [Dataset] train and test, in the folder [PathConfig] input."
        )
    remedy = (
        "Set [PathConfig] input to the folder of the data set, [Dataset] train and test to its "
        "files."
    )
    if not file.parent.is_dir():
        return f"no such file: the folder {file.parent} does not exist. {remedy}"
    present = sorted(path.name for path in file.parent.iterdir() if path.is_file())[:10]
    found = ", ".join(present) if present else "nothing"
    return f"no such file. The folder holds: {found}. {remedy}"
