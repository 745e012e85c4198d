"""The schema of the tables: what each column is, and how it was read; a value of JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that was recognised, or as a warning guessed, in one line."""

    text: str
    is_warning: bool = False


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
