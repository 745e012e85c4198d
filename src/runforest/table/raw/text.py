"""Text files, parsed by Arrow with every cell as a text; what is wrong is looked up by line."""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, cast

from runforest.table.raw.dialect import NO_ROWS, split_blanks
from runforest.table.raw.encoding import (
    encoding_guess,
    fail_to_decode,
    guess_encoding,
    reason_of,
    undecodable,
)
from runforest.table.raw.files import fail, open_content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import pyarrow as pa

    from runforest.table.options import Reading
    from runforest.table.raw.dialect import Dialect

BLOCK_BYTES = 2**22
MAX_BLOCK_BYTES = 2**30
_NO_TIME = "no time"
"""A format that no cell has: Arrow's inference of times and truth values loses the spelling."""


def read_text(
    file: Path, dialect: Dialect, reading: Reading, spelt: Collection[str]
) -> tuple[pa.Table, Dialect]:
    """Return a text file as a table, and the dialect that it turned out to have.

    Columns of plain numbers are int64 or float64, bar those to be read as they are `spelt`; all
    others are texts. An empty cell is null. Raises ConfigError with the line of what is no table.
    """
    from pyarrow.lib import ArrowInvalid

    try:
        table = _plain(file, dialect, _parse(file, dialect, spelt))
    except UnicodeError as error:
        fail_to_decode(file, dialect.encoding, reason_of(error))
    except ArrowInvalid as error:
        wrong = undecodable(file, dialect.encoding)
        if wrong and not reading.encoding:
            encoding = guess_encoding(wrong[1])
            guesses = (*dialect.guesses, encoding_guess(encoding))
            dialect = replace(dialect, encoding=encoding, guesses=guesses)
            return read_text(file, dialect, reading, spelt)
        if wrong:
            fail_to_decode(file, dialect.encoding, wrong[0])
        _fail_as_table(file, _ragged(file, dialect) or str(error).strip())
    if not len(table):
        fail(file, NO_ROWS)
    last = table.column(table.num_columns - 1)[-1].as_py()
    if isinstance(last, str) and "\n" in last and (unclosed := _ragged(file, dialect)):
        _fail_as_table(file, unclosed)
    return table, dialect


def line_of(file: Path, dialect: Dialect, row: int) -> int:
    """Return the number of the line in which a row of the table ends."""
    for position, (line, _) in enumerate(_rows(file, dialect)):
        if position == row:
            return line
    return 0


def read_spelt(file: Path, dialect: Dialect, names: Collection[str]) -> pa.Table:
    """Return columns of a file, which was read before, as texts."""
    return _parse(file, dialect, names, only=names)


def _plain(file: Path, dialect: Dialect, table: pa.Table) -> pa.Table:
    """Return the table with texts for what Arrow took for something else than numbers."""
    import pyarrow as pa

    others = {}
    for name, values in zip(table.column_names, table.columns, strict=True):
        if values.type in (pa.null(), pa.date32()):  # of dates in one form alone
            others[name] = values.cast(pa.string())
        elif values.type not in (pa.int64(), pa.float64(), pa.string()):
            others[name] = None
    unknown = [name for name, values in others.items() if values is None]
    if unknown:
        again = read_spelt(file, dialect, unknown)
        others |= {name: again.column(name) for name in unknown}
    for name, values in others.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _parse(
    file: Path,
    dialect: Dialect,
    spelt: Collection[str],
    *,
    only: Collection[str] = (),
    block_bytes: int = BLOCK_BYTES,
) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # Names may be doubled where columns are left out.
    names = {
        f"{position}": name
        for position, name in enumerate(dialect.header)
        if position not in dialect.left_out and (not only or name in only)
    }
    with _opened(file, dialect) as source:
        try:
            table = arrow_csv.read_csv(
                source,
                read_options=arrow_csv.ReadOptions(
                    column_names=[f"{position}" for position in range(len(dialect.header))],
                    skip_rows=dialect.skip,
                    block_size=block_bytes,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=_delimiter(dialect),
                    newlines_in_values=True,
                    invalid_row_handler=lambda row: "error" if row.text.strip() else "skip",
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={
                        position: pa.string() for position, name in names.items() if name in spelt
                    },
                    include_columns=list(names),
                    null_values=[""],
                    true_values=[],
                    false_values=[],
                    timestamp_parsers=[_NO_TIME],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "block" not in str(error) or block_bytes >= MAX_BLOCK_BYTES:
                raise
            table = None
    if table is None:  # a row, or the header, is longer than a block
        return _parse(file, dialect, spelt, only=only, block_bytes=16 * block_bytes)
    table = table.rename_columns(list(names.values()))
    return _without_blanks(table) if dialect.has_blanks else table


def _without_blanks(table: pa.Table) -> pa.Table:
    """Return the table with texts that do not begin with blanks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for position, name in enumerate(table.column_names):
        texts = table.column(position)
        if texts.type == pa.string():
            texts = pc.utf8_ltrim_whitespace(texts)
            empty = pc.equal(texts, "")
            texts = pc.if_else(empty, pa.scalar(None, pa.string()), texts)
            table = table.set_column(position, name, texts)
    return table


def _delimiter(dialect: Dialect) -> str:
    return "\t" if dialect.delimiter == " " else dialect.delimiter


@contextmanager
def _opened(file: Path, dialect: Dialect) -> Iterator[BinaryIO]:
    """Open the content as UTF-8 without NUL; blanks between fields become tabs."""
    import pyarrow as pa

    with open_content(file) as source:
        stream: BinaryIO = source
        if dialect.delimiter == " ":
            lines = io.TextIOWrapper(source, dialect.encoding, newline="")
            text = "".join(split_blanks(line) if line.strip() else "\n" for line in lines)
            stream = io.BytesIO(text.encode())
        elif dialect.encoding not in {"utf-8", "utf-8-sig"}:
            wrapped = pa.PythonFile(source, mode="r")
            stream = cast(
                "BinaryIO", pa.transcoding_input_stream(wrapped, dialect.encoding, "utf8")
            )
        yield cast("BinaryIO", io.BufferedReader(_WithoutNul(file, stream, dialect.encoding)))


class _WithoutNul(io.RawIOBase):
    """A stream of text that refuses NUL characters: files with them are damaged, or no text."""

    def __init__(self, file: Path, stream: BinaryIO, encoding: str) -> None:
        self._file, self._stream, self._encoding = file, stream, encoding

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._stream.read(len(buffer))
        if b"\0" in block:
            encoding = "utf-8" if self._encoding == "utf-8-sig" else self._encoding
            reason = f"has a NUL character, so it is no text in {encoding}"
            remedy = 'Repair it, or set its encoding, such as [Dataset] encoding = "utf-16".'
            fail(self._file, f"{reason}. {remedy}")
        buffer[: len(block)] = block
        return len(block)


def _ragged(file: Path, dialect: Dialect) -> str:
    """Return the first line that has other fields than the header, or an open quote."""
    n_columns, line = len(dialect.header), dialect.skip
    try:
        for line, row in _rows(file, dialect):
            if len(row) != n_columns:
                return f"line {line} has {len(row)} fields, the header {n_columns}"
    except csv.Error as error:
        return f"after line {line} a quote is not closed ({error})"
    return ""


def _rows(file: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the numbers of their last lines, blank lines left out."""
    with suppress(StopIteration), _opened(file, dialect) as source:
        lines = io.TextIOWrapper(source, "utf-8", newline="")
        for _ in range(dialect.skip):
            next(lines)
        reader = csv.reader(lines, delimiter=_delimiter(dialect), strict=True)
        for row in reader:
            if len(row) > 1 or "".join(row).strip():
                yield dialect.skip + reader.line_num, row


def _fail_as_table(file: Path, reason: str) -> None:
    fail(file, f"is not a table: {reason}. Correct the file, or set [Dataset] delimiter.")
