"""A benchmark's result: in the terminal, and as a section of a page between two markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine_facts

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# Benchmarks

Made by `make bench`; every section is replaced when its benchmark runs, one alone with
`make bench ARGS=pipeline`. What is run and how it is measured stands in `benchmarks/`.
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a benchmark has to tell: a text before the table, the table, remarks after it."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()
    versions: str = ""


def print_section(section: Section) -> None:
    """Print a section in the terminal."""
    table = Table(title=section.title, caption="\n".join(section.remarks) or None)
    for position, column in enumerate(section.columns):
        table.add_column(column, justify="right" if position else "left")
    for row in section.rows:
        table.add_row(*row)
    Console().print(table)


def write_section(page: Path, name: str, section: Section) -> None:
    """Put a section into a page: in place of its last one, or at the end."""
    text = page.read_text(encoding="utf-8") if page.exists() else PAGE
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{as_markdown(section)}{end}"
    if begin in text and end in text:
        before, _, rest = text.partition(begin)
        text = before + block + rest.partition(end)[2]
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    page.write_text(text, encoding="utf-8")


def as_markdown(section: Section) -> str:
    """Return a section as Markdown.

    >>> print(as_markdown(Section(title="T", text="Text.", columns=("a", "b"), rows=(("1", "2"),))))
    ... # doctest: +ELLIPSIS
    ## T
    <BLANKLINE>
    Text.
    <BLANKLINE>
    | a | b |
    | --- | ---: |
    | 1 | 2 |
    ...
    """
    rules = ["---", *["---:"] * (len(section.columns) - 1)]
    table = [_row(section.columns), _row(rules), *map(_row, section.rows)]
    remarks = [f"- {remark}" for remark in section.remarks]
    facts = [f"Measured on {machine_facts()}."]
    facts += [f"Versions: {section.versions}."] if section.versions else []
    parts = [f"## {section.title}", section.text, "\n".join(table), "\n".join(remarks), *facts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
