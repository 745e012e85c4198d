"""Which columns of the raw tables are used, under which names and as which types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.errors import did_you_mean
from runforest.parameters import show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TYPES = ("bool", "boolean", "category", "datetime64[ns]", "float64", "int64", "Int64", "str")


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
        chosen = set(wanted or columns) - set(self.drop_columns) | {self.id}
        return [name for name in columns if name in chosen]

    def problems(self, train: Sequence[str], test: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the key and the message of each mistake, given the columns of both files."""
        yield from self._unknown_columns(train, test)
        fixed = [name for name in (self.target, self.id) if name]
        for key in ("drop_columns", "rename"):
            for name in [name for name in fixed if name in getattr(self, key)]:
                yield (
                    key,
                    f'"{name}" is the target or the id, which are kept as they are. Take it out.',
                )
        if self.rename.keys() & set(fixed):
            return
        renamed = list(self._new_names(train))
        yield from renamed or self._features(train, test)

    def _unknown_columns(
        self, train: Sequence[str], test: Sequence[str]
    ) -> Iterator[tuple[str, str]]:
        known = dict.fromkeys(("train_columns", "drop_columns", "rename"), train)
        for key, columns in {**known, "test_columns": test}.items():
            for name in getattr(self, key):
                if name not in columns:
                    hint = did_you_mean(name, columns)
                    yield key, f'"{name}" is not a column of the file. {hint}'

    def _new_names(self, train: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield new names that are no names, or that two columns would have."""
        kept = self.train(train)
        for old, new in self.rename.items():
            others = [self.rename.get(name, name) for name in kept if name != old]
            if not isinstance(new, str) or not new:
                yield f"rename.{old}", f"expected a name, got {show_value(new)}."
            elif new in others:
                message = f'another column is called "{new}". Choose another name.'
                yield f"rename.{old}", message

    def _features(self, train: Sequence[str], test: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the columns to learn from, and with the types."""
        roles = {self.target, self.id}
        features = {self.rename.get(name, name) for name in self.train(train)} - roles
        missing = sorted(features - {self.rename.get(name, name) for name in self.test(test)})
        if not features and set(self.train_columns) <= set(train):
            key = "drop_columns" if self.drop_columns else "train_columns"
            yield key, "no column is left to learn from, beside the target and the id. Keep some."
        if missing:
            message = f"the test table lacks {', '.join(missing)}, which the training table has. "
            message += "Add them, or leave them out of train_columns."
            yield "test_columns", message
        for name, kind in self.types.items():
            if kind not in TYPES:
                hint = did_you_mean(str(kind), TYPES)
                yield f"types.{name}", f'unknown type "{kind}". {hint}'
            if name not in features | roles:
                hint = did_you_mean(name, features)
                yield f"types.{name}", f"no such column is kept. {hint}"
