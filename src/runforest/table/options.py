"""What [Dataset] says about reading, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""What pandas reads as missing."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Keys of [Dataset] that say how files are read; empty for what is to be recognised.

    `columns` are roles by name; `missing` is None for the usual words in features, and for empty
    cells alone in ids and classes.
    """

    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    thousands: str = ""
    sheet: str = ""
    missing: tuple[str, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, object], columns: Mapping[str, str]) -> Self:
        """Return the options of a table parameter."""
        return cls(
            **{key: tuple(v) if isinstance(v, list | tuple) else v for key, v in options.items()},  # type: ignore[arg-type]
            columns=dict(columns),
        )

    def options(self) -> dict[str, object]:
        """Return what is set, without the columns, as a table parameter takes it."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["columns"]
        if self.missing is not None:
            values["missing"] = list(self.missing)
        return {key: value for key, value in values.items() if value not in ("", None)}

    def missing_in(self, *, is_spelt: bool) -> tuple[str, ...]:
        """Return the texts that are missing values in a column, the empty one among them."""
        if self.missing is not None:
            return ("", *self.missing)
        return ("",) if is_spelt else USUAL_MISSING

    @property
    def spelt(self) -> set[str]:
        """The columns whose cells count as they are spelt."""
        return {name for name, role in self.columns.items() if role not in ("number", "drop")}
