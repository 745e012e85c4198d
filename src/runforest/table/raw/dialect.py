"""How a text file is written: what [Dataset] says, and what the first lines show of the rest."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runforest.table.raw.encoding import decoded, encoding_guess, encoding_of
from runforest.table.raw.files import fail, read_start

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.table.options import Reading

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blanks"}
"""What is tried, in this order; a blank stands for any number of blanks and tabs."""

SAMPLE_BYTES, SAMPLE_ROWS, FEW_LINES = 2**20, 200, 50
MAX_FIELD = 2**31 - 1
NO_ROWS = "has a header and no rows. Add rows, or name another file in [Dataset]."
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+)")
_COMMA_NUMBER = re.compile(r"[+-]?[\d.]+(,\d+)?")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a text file is read.

    Attributes
    ----------
    skip
        Lines before the first row, the header's included.
    header
        The names as they stand there, without surrounding blanks.
    left_out
        Positions of columns without a name that hold nothing, or the index of a data frame.
    decimal
        `,` where the first rows show numbers with a decimal comma.
    has_blanks
        Whether a blank follows each delimiter, which is then no part of the values.
    guesses
        What is not as usual and was not said in [Dataset], in words.
    """

    encoding: str
    delimiter: str
    skip: int = 0
    header: tuple[str, ...] = ()
    left_out: tuple[int, ...] = ()
    decimal: str = "."
    has_blanks: bool = False
    guesses: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(n for i, n in enumerate(self.header) if i not in self.left_out)


def recognise(file: Path, reading: Reading) -> Dialect:
    """Return the dialect of a text file; ConfigError if its first lines are no table."""
    start = read_start(file, SAMPLE_BYTES)
    encoding = encoding_of(file, start, reading)
    text = decoded(file, start, encoding)
    lines = [*io.StringIO(text, newline="")]
    if len(start) == SAMPLE_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut off
    before, sep = _lines_before(lines)
    rest = lines[before:]
    delimiter = reading.delimiter or sep or _delimiter(rest)
    rows = sample_rows(rest, delimiter)
    comments = _comments(rows)
    before += comments
    rows = sample_rows(lines[before:], delimiter)
    if not rows:
        fail(file, "is empty. It needs a header and at least one row.")
    header_lines, header = rows[0]
    guesses = [f"separated by {DELIMITERS[delimiter]}"] if delimiter != "," else []
    guesses = [] if reading.delimiter else guesses
    if not reading.encoding and encoding not in {"utf-8", "utf-8-sig"}:
        guesses.append(encoding_guess(encoding))
    if sep or comments:
        guesses.append(f"header in line {before + 1}")
    dialect = Dialect(
        encoding=encoding,
        delimiter=delimiter,
        skip=before + header_lines,
        header=tuple(name.strip() for name in header),
        guesses=tuple(guesses),
    )
    if not rows[1:] and len(start) < SAMPLE_BYTES:
        if problem := header_problem(dialect.names, dialect):
            fail(file, problem)
        fail(file, NO_ROWS)
    return _checked(file, dialect, [row for _, row in rows[1:]], reading)


def sample_rows(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the first rows, each with the number of its last line; blank lines are none."""
    csv.field_size_limit(MAX_FIELD)
    if delimiter == " ":
        lines = [split_blanks(line) for line in lines]
        delimiter = "\t"
    reader = csv.reader(lines, delimiter=delimiter)
    rows = []
    for row in reader:
        if len(row) > 1 or "".join(row).strip():
            rows.append((reader.line_num, row))
        if len(rows) > SAMPLE_ROWS:
            break
    return rows


_FIELD = re.compile(r'"(?:[^"]|"")*"|\S+')


def split_blanks(line: str) -> str:
    r"""Return a line whose fields are separated by blanks with tabs in their place.

    >>> split_blanks('  1   "a b" 2\n')
    '1\t"a b"\t2\n'
    """
    fields = _FIELD.findall(line) if '"' in line else line.split()
    return "\t".join(fields) + "\n"


def _lines_before(lines: list[str]) -> tuple[int, str]:
    """Return how many lines come before the table, and the delimiter that one of them names."""
    before = 0
    sep = ""
    for line in lines:
        named = re.fullmatch(r'"?sep=(.)"?\s*', line, re.IGNORECASE)
        if named:
            sep = named[1]
        elif line.strip():
            break
        before += 1
    return before, sep


def _comments(rows: list[tuple[int, list[str]]]) -> int:
    """Return the lines of comments above the header: they begin with #, and have other lengths."""
    n_lines, lengths = 0, Counter(len(row) for _, row in rows)
    usual = lengths.most_common(1)[0][0] if lengths else 0
    for line, row in rows:
        if not row[0].startswith("#") or len(row) == usual:
            break
        n_lines = line
    return n_lines


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that makes the most columns in rows of one length; a comma if none."""
    found = {}
    for one in DELIMITERS:
        rows = [row for _, row in sample_rows(lines[:FEW_LINES], one) if not row[0].startswith("#")]
        n_columns = len(rows[0]) if rows else 0
        n_alike = sum(len(row) == n_columns for row in rows)
        if n_columns > 1:
            found[one] = (n_alike >= 0.9 * len(rows), n_columns)
    even = [one for one, (is_even, _) in found.items() if is_even]
    marked = [one for one in even if one != " "] or even
    if marked:
        return max(marked, key=lambda one: found[one][1])
    return max((one for one in found if one != " "), key=lambda one: found[one][1], default=",")


def _checked(file: Path, dialect: Dialect, rows: list[list[str]], reading: Reading) -> Dialect:
    """Return the dialect with what the sampled rows show; ConfigError if the header is wrong."""
    names = dialect.header
    guesses = list(dialect.guesses)
    left_out = []
    if len(names) > 1 and names[0] == "" and _is_index([row[0] for row in rows if row]):
        left_out.append(0)
        guesses.append("the first column, which has no name, is an index and left out")
    for position, name in enumerate(names):
        if not name and position and not any("".join(row[position : position + 1]) for row in rows):
            left_out.append(position)
            guesses.append(f"column {position + 1}, without name and values, is left out")
    decimal = reading.decimal or "."
    columns = zip(*rows, strict=False) if not reading.decimal else ()
    if any(map(_has_decimal_comma, columns)):
        decimal = ","
        guesses.append("decimal comma")
    has_blanks = _have_blanks(dialect, rows)
    if has_blanks:
        guesses.append("a blank after each delimiter")
    dialect = replace(
        dialect,
        left_out=tuple(left_out),
        decimal=decimal,
        has_blanks=has_blanks,
        guesses=tuple(guesses),
    )
    if problem := header_problem(dialect.names, dialect):
        fail(file, problem)
    return dialect


def _have_blanks(dialect: Dialect, rows: list[list[str]]) -> bool:
    values = [value for row in rows for value in row[1:] if value]
    is_sign = dialect.delimiter.strip() != ""
    return is_sign and bool(values) and all(value.startswith(" ") for value in values)


def _is_index(values: list[str]) -> bool:
    return len(set(values)) == len(values) and "" not in values


def _has_decimal_comma(values: tuple[str, ...]) -> bool:
    if not any("," in value for value in values):
        return False
    numbers = [value.strip() for value in values if value.strip()[:1] in {*"+-0123456789"}]
    return (
        any(map(_DECIMAL_COMMA.fullmatch, numbers))
        and all(map(_COMMA_NUMBER.fullmatch, numbers))
        and 2 * len(numbers) > len([value for value in values if value.strip()])
    )


def header_problem(names: tuple[str, ...], dialect: Dialect | None = None) -> str | None:
    """Return what is wrong with the names of the columns."""
    others = [one for one in DELIMITERS if one != " " and names and one in names[0]]
    if dialect and len(names) == 1 and others and others[0] != dialect.delimiter:
        shown = others[0].replace("\t", "\\t")
        return (
            f'has one column with the delimiter "{dialect.delimiter}", but its header '
            f'contains "{shown}". Set [Dataset] delimiter = "{shown}".'
        )
    duplicates = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if duplicates:
        return f"has the column {', '.join(duplicates)} more than once. Rename one of them."
    if "" in names:
        position = dialect.header.index("", 1 if 0 in dialect.left_out else 0) if dialect else 0
        return f"has no name for column {position + 1}. Name it in the header."
    return None
