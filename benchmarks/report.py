"""A benchmark's result: in the terminal, and as a section of a page between two markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.charts import save_chart
from benchmarks.machine import machine_facts

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.charts import Chart

PAGE = """\
# Benchmarks

Made by `make bench`; every section is replaced when its benchmark runs, one alone with
`make bench ARGS=pipeline`. What is run and how it is measured stands in `benchmarks/`.
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a benchmark has to tell: a text before the table, the table, remarks after it.

    `chart` is drawn beside the page and shown below the remarks; None for no figure.
    """

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()
    versions: str = ""
    chart: Chart | None = None


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
    image = f"{page.stem}/{name}.png" if section.chart else ""
    if section.chart:
        save_chart(section.chart, section.title, page.parent / image)
    text = page.read_text(encoding="utf-8") if page.exists() else PAGE
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{as_markdown(section, image)}{end}"
    if begin in text and end in text:
        before, _, rest = text.partition(begin)
        text = before + block + rest.partition(end)[2]
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    page.write_text(text, encoding="utf-8")


def as_markdown(section: Section, image: str = "") -> str:
    """Return a section as Markdown, with its figure if there is one.

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
    figure = f"![{section.title}]({image})" if image else ""
    facts = [f"Measured on {machine_facts()}."]
    facts += [f"Versions: {section.versions}."] if section.versions else []
    shown = ["\n".join(table), "\n".join(remarks), figure]
    parts = [f"## {section.title}", section.text, *shown, *facts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
