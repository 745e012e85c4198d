"""Which columns of the raw tables are used, under which names and as which types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.table.roles import ColumnRole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from runforest.table.roles import Roles
    from runforest.table.schema import Schema

TYPES = {
    "bool": "boolean",
    "boolean": "boolean",
    "category": "category",
    "datetime64[ns]": "date",
    "float64": "number",
    "int64": "number",
    "Int64": "number",
    "str": "category",
}
"""pandas' types, and what the column's cells are read as."""

NULLABLE = {"bool": "boolean", "int64": "Int64"}


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """The columns that an experiment uses; `id` may be empty, and so may each choice.

    `types` go by the new names, all else by those of the files.
    """

    target: str
    id: str
    train_columns: Sequence[str]
    test_columns: Sequence[str]
    drop_columns: Sequence[str]
    rename: Mapping[str, str]
    types: Mapping[str, str]

    def train(self, columns: Sequence[str]) -> list[str]:
        """Return the columns to keep of the training file, in its order."""
        wanted = set(self.train_columns or columns) - set(self.drop_columns)
        return [name for name in columns if name in wanted | {self.target, self.id}]

    def test(self, columns: Sequence[str]) -> list[str]:
        """Return those of the test file."""
        wanted = self.test_columns or [name for name in self.train_columns if name != self.target]
        chosen = set(wanted or columns) - set(self.drop_columns) | {self.id, self.target}
        return [name for name in columns if name in chosen]

    def new_name(self, name: str) -> str:
        """Return the name of a column in the tables that are written."""
        return self.rename.get(name, name)

    def roles(self) -> dict[str, str]:
        """Return what the columns with a type are read as, by the names of the files."""
        old = {new: name for name, new in self.rename.items()}
        return {old.get(name, name): TYPES[kind] for name, kind in self.types.items()}

    def types_of(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the types of the features that a table with the new names has.

        Those of a column with missing values are pandas' nullable ones.
        """
        return {
            name: NULLABLE.get(kind, kind) if table[name].isna().any() else kind
            for name, kind in self.types.items()
            if name in table.columns and name not in (self.target, self.id)
        }

    def planned_roles(self, schema: Schema) -> Roles:
        """Return the roles of the columns that the tables will have, by their new names."""
        kept, said = self.train([one.name for one in schema.columns]), self.roles()
        roles = {one.name: one.role for one in schema.columns} | said
        return {
            self.new_name(one.name): ColumnRole(roles[one.name], one.reason, one.dtype)
            for one in schema.columns
            if one.name in kept
        }
