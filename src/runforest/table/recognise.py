"""What a column of texts holds: numbers, dates, truth values or texts, decided for all files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from runforest.foundation.parameters import show_value
from runforest.table.cells import Recognised, chunked, finite, n_values, without
from runforest.table.dates import WORDS, as_booleans, as_dates
from runforest.table.distinct import Distinct
from runforest.table.numbers import (
    MARKERS,
    are_missing,
    as_numbers,
    best_style,
    plain_numbers,
    styles,
)
from runforest.table.schema import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from runforest.table.distinct import Mask
    from runforest.table.options import Reading


class MisfitError(Exception):
    """A cell that does not fit what its column is said to be."""

    def __init__(self, row: int, wrong: str) -> None:
        super().__init__(wrong)
        self.row, self.wrong = row, wrong


@dataclass(frozen=True, kw_only=True)
class TextColumn:
    """A column as the files spell it.

    Attributes
    ----------
    role
        What it is said to be; empty if that is to be recognised.
    file_decimal
        `,` where the files show decimal commas.
    parts
        Name of each file and its rows, in the order of the values.
    """

    name: str
    values: pa.ChunkedArray
    reading: Reading
    role: str = ""
    file_decimal: str = "."
    parts: Sequence[tuple[str, int]] = field(default_factory=tuple)

    def recognised(self) -> Recognised:
        """Return the typed values; MisfitError where a cell does not fit the role."""
        values = self.values
        if self.reading.missing:
            values = without(values, self.reading.missing)
        if self.role in {"category", "text"}:
            return Recognised(cells=self._texts(values))
        if self.role in {"", "number"} and (plain := self._plain(values)):
            return plain
        distinct = Distinct(values)
        missing = distinct.among(self.reading.missing_in(is_spelt=False))
        distinct = distinct.without_unit() if self.role in {"", "number"} else distinct
        match self.role:
            case "number":
                return self._numbers(distinct, missing, is_said=True)
            case "boolean":
                return self._booleans(distinct, missing)
            case "date":
                return self._dates(distinct, missing)
        return self._guessed(distinct, missing, values)

    def n_numbers(self) -> int:
        """Return how many cells are numbers."""
        reading, distinct = self.reading, Distinct(self.values).without_unit()
        _, fits = best_style(
            distinct, styles(reading.decimal, reading.thousands, self.file_decimal)
        )
        missing = distinct.among(reading.missing_in(is_spelt=False))
        return distinct.n_rows(fits & ~missing)

    def _plain(self, values: pa.ChunkedArray) -> Recognised | None:
        reading = self.reading
        is_usual = "," not in (reading.decimal, self.file_decimal) and not reading.thousands
        numbers = plain_numbers(values, is_usual=is_usual)
        return None if numbers is None else finite(self.name, numbers)

    def _numbers(self, distinct: Distinct, missing: Mask, *, is_said: bool) -> Recognised:
        reading = self.reading
        tried = styles(reading.decimal, reading.thousands, self.file_decimal)
        style, fits = best_style(distinct, tried)
        strange = ~fits & ~missing
        if strange.any() and is_said:
            self._refuse(distinct, strange, "number", self._missing_remedy(distinct, strange))
        notes = []
        if strange.any():
            notes.append(self._stray(distinct, strange, "numbers"))
        numbers = finite(self.name, distinct.spread(as_numbers(distinct, style, fits & ~missing)))
        has_signs = distinct.matching(r".*[^\d.eE+-].*")[fits].any()
        unit = f'"{distinct.unit}"' if distinct.unit else ""
        spelling = ", ".join(filter(None, [unit, str(style) if has_signs else ""]))
        if spelling and not (reading.decimal or reading.thousands):
            example = distinct.examples(fits & distinct.matching(r".*[^\d+-].*"), 1)
            shown = f", such as {show_value(example[0])}" if example else ""
            topic = f"numbers with {spelling}"
            text = f"{self.name}: {topic}{shown}"
            notes.append(Note(text=text, column=self.name, topic=topic))
        return Recognised(cells=numbers.cells, spelling=spelling, notes=(*notes, *numbers.notes))

    def _stray(self, distinct: Distinct, strange: Mask, what: str) -> Note:
        words = ", ".join(map(show_value, distinct.examples(strange)))
        return Note(
            text=f"{self.name}: {n_values(distinct.n_rows(strange), words)} among {what}, read as "
            f'missing (a guess; [Dataset.columns] {toml_key(self.name)} = "category" keeps them)',
            is_warning=True,
            column=self.name,
            topic=f"a few texts among {what}, read as missing (a guess)",
        )

    def _missing_remedy(self, distinct: Distinct, strange: Mask) -> str:
        words = show_words(distinct.examples(strange, 5))
        return f"Correct it, or name what means a missing value: [Dataset] missing = {words}."

    def _guessed(self, distinct: Distinct, missing: Mask, values: pa.ChunkedArray) -> Recognised:
        reading = self.reading
        tried = styles(reading.decimal, reading.thousands, self.file_decimal)
        _, fits = best_style(distinct, tried)
        strange = ~fits & ~missing
        if (fits & ~missing).any() and are_missing(distinct, strange):
            return self._numbers(distinct, missing, is_said=False)
        wanted = ~missing
        if (
            wanted.any()
            and not (distinct.among(("true", "false"), ignores_case=True) < wanted).any()
        ):
            return Recognised(cells=chunked(distinct.spread(as_booleans(distinct)[0])))
        marked = distinct.among(MARKERS, ignores_case=True) & wanted
        dates = as_dates(distinct, wanted & ~marked, is_said=False)
        if dates and are_missing(distinct, marked):
            found = self._as_dates(distinct, dates.values, dates.formats)
            stray = (self._stray(distinct, marked, "dates"),) if marked.any() else ()
            return replace(found, notes=(*found.notes, *stray))
        return Recognised(cells=self._texts(values), notes=self._mixed(distinct, fits, strange))

    def _booleans(self, distinct: Distinct, missing: Mask) -> Recognised:
        truths, fits = as_booleans(distinct)
        if (strange := ~fits & ~missing).any():
            words = ", ".join(WORDS)
            self._refuse(distinct, strange, "truth value", f"Known are {words}.")
        return Recognised(cells=chunked(distinct.spread(truths)))

    def _dates(self, distinct: Distinct, missing: Mask) -> Recognised:
        import numpy as np

        dates = as_dates(distinct, ~missing, is_said=True)
        if dates is None:
            return Recognised(cells=chunked(distinct.spread(as_booleans(distinct)[0])))
        unknown = np.asarray(dates.values.is_null().to_numpy(zero_copy_only=False), dtype=bool)
        if (strange := unknown & ~missing).any():
            self._refuse(distinct, strange, "date", "Write all dates as 2024-12-31.")
        return self._as_dates(distinct, dates.values, dates.formats)

    def _as_dates(self, distinct: Distinct, dates: pa.Array, formats: Sequence[str]) -> Recognised:
        notes: tuple[Note, ...] = ()
        if len(formats) > 1:
            topic = f"dates read as {formats[0]}, a guess, since {formats[1]} suits too"
            text = f"{self.name}: {topic}. Write them as 2024-12-31 to be sure"
            notes = (Note(text=text, is_warning=True, column=self.name, topic=topic),)
        values = chunked(distinct.spread(dates))
        return Recognised(cells=values, spelling=f"dates as {formats[0]}", notes=notes)

    def _texts(self, values: pa.ChunkedArray) -> pa.ChunkedArray:
        return without(values, self.reading.missing_in(is_spelt=False))

    def _mixed(self, distinct: Distinct, fits: Mask, strange: Mask) -> tuple[Note, ...]:
        """Return a warning where one file has numbers alone, and another one does not."""
        ends = [0]
        for _, n_rows in self.parts:
            ends.append(ends[-1] + n_rows)
        rows = [distinct.rows_of(fits, start, end - start) for start, end in pairwise(ends)]
        names = [name for name, _ in self.parts]
        numbers = [name for name, one in zip(names, rows, strict=True) if len(one) and one.all()]
        others = [name for name, one in zip(names, rows, strict=True) if len(one) and not one.all()]
        if not numbers or not others:
            return ()
        words = show_value(distinct.examples(strange, 1)[0])
        text = f"{self.name}: numbers in {numbers[0]}, but texts such as {words} in {others[0]}: "
        text += f'a category, by guess; [Dataset.columns] {toml_key(self.name)} = "number" names '
        text += "the lines that are no numbers"
        topic = f"numbers in {numbers[0]}, but texts in {others[0]}: categories, by guess"
        return (Note(text=text, is_warning=True, column=self.name, topic=topic),)

    def _refuse(self, distinct: Distinct, strange: Mask, kind: str, remedy: str) -> None:
        word = show_value(distinct.examples(strange, 1)[0])
        n_others = distinct.n_rows(strange) - 1
        others = f" (and {n_others} more)" if n_others else ""
        raise MisfitError(distinct.first_row(strange), f"is {word}, no {kind}{others}. {remedy}")


def show_words(words: Sequence[str]) -> str:
    """Return texts as an array of TOML."""
    return f"[{', '.join(map(show_value, words))}]"


def toml_key(name: str) -> str:
    """Return the name of a column as a key of TOML."""
    import re

    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else show_value(name)
