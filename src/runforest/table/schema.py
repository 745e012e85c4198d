"""The schema of the tables: what each column is, and how it was read; a value of JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that was recognised, or as a warning guessed, in one line.

    `topic` is what may be said of several columns, and `column` the one that it is said of here.
    """

    text: str
    is_warning: bool = False
    column: str = ""
    topic: str = ""


MAX_ALIKE, MAX_NAMED = 3, 10
"""Columns of which the same is said in a line each; of the others together in one."""


def shortened(notes: Iterable[Note]) -> list[Note]:
    """Return the notes, those of one topic beyond the first few in one line."""
    alike: dict[str, list[Note]] = {}
    for note in notes:
        alike.setdefault(note.topic or note.text, []).append(note)
    found = []
    for topic, ones in alike.items():
        found += ones[:MAX_ALIKE]
        names = [one.column for one in ones[MAX_ALIKE:]]
        if names:
            more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
            text = f"{', '.join(names[:MAX_NAMED])}{more}: {topic}"
            found.append(Note(text=text, is_warning=ones[0].is_warning, topic=topic))
    return found


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the tables.

    Attributes
    ----------
    role
        One of `runforest.table.roles.Role`, or `left out`, for the given reason.
    dtype
        pandas' name of the type in the tables.
    missing
        Table -> rows without a value.
    spelling
        How the file spells the values, where that is not the usual way.
    """

    name: str
    role: str
    dtype: str
    reason: str
    missing: Mapping[str, int]
    spelling: str = ""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The columns of train and test, which have the same types, and how the files were read.

    `left_out` are columns of the training file that are in no table, with the reason.
    """

    columns: tuple[Column, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the schema as a value of JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the schema that `to_json` made."""
        return cls(
            columns=tuple(Column(**one) for one in value["columns"]),
            left_out=value["left_out"],
            files=value["files"],
            notes=tuple(Note(**one) for one in value["notes"]),
        )
