"""Preprocessor: the raw files as typed tables, with the columns that the experiment uses."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import luigi

from runforest.errors import Problem, did_you_mean
from runforest.parameters import (
    InputFileParameter,
    StringsParameter,
    TableParameter,
    from_table,
    show_value,
)
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from runforest.results.artifacts import Artifact

logger = logging.getLogger(__name__)

TYPES = ("bool", "boolean", "category", "datetime64[ns]", "float64", "int64", "Int64", "str")


class Preprocessor(RunTask):
    """Select, drop, rename and type the columns of both files; nothing is learned here."""

    train_file = from_table(
        "Dataset", "train_file", InputFileParameter(description="Training file.")
    )
    test_file = from_table("Dataset", "test_file", InputFileParameter(description="Test file."))
    target = from_table("Dataset", "target", luigi.Parameter(description="Column to predict."))
    id = from_table(
        "Dataset", "id", luigi.Parameter(default="", description="Column that names a row.")
    )
    delimiter = from_table(
        "Dataset", "delimiter", luigi.Parameter(default=",", description="Between columns.")
    )
    encoding = from_table(
        "Dataset", "encoding", luigi.Parameter(default="utf-8", description="Of the files.")
    )
    train_columns = StringsParameter(
        default=(),
        description="Columns to keep of the training file; empty for all. "
        "Target and id are always kept.",
    )
    test_columns = StringsParameter(
        default=(),
        description="Columns to keep of the test file; empty for those of train_columns. "
        "The id is always kept.",
    )
    drop_columns = StringsParameter(default=(), description="Columns to leave out of both files.")
    rename = TableParameter(default={}, description='New names: old = "new".')
    types = TableParameter(
        default={}, description=f"Types by (new) column name: {', '.join(TYPES)}."
    )

    def problems(self) -> Iterator[Problem]:
        """Return columns that do not exist, and choices that contradict each other."""
        facts = self.active_run.settings.dataset
        known = {"train_columns": facts.train_columns, "test_columns": facts.test_columns}
        known |= {"drop_columns": facts.train_columns, "rename": facts.train_columns}
        for key, columns in known.items():
            for name in getattr(self, key):
                if name not in columns:
                    yield self.problem(
                        key, f'"{name}" is not a column of the file. {did_you_mean(name, columns)}'
                    )
        fixed = [name for name in (self.target, self.id) if name]
        for key in ("drop_columns", "rename"):
            for name in [name for name in fixed if name in getattr(self, key)]:
                yield self.problem(
                    key,
                    f'"{name}" is the target or the id, which are kept as they are. Take it out.',
                )
        if self.rename.keys() & set(fixed):
            return
        renamed = list(self._name_problems(facts.train_columns))
        yield from renamed or self._column_problems(facts.train_columns, facts.test_columns)

    def _name_problems(self, train: Sequence[str]) -> Iterator[Problem]:
        """Return new names that are no names, or that two columns would have."""
        kept = self._kept_train(train)
        for old, new in self.rename.items():
            others = [self.rename.get(name, name) for name in kept if name != old]
            if not isinstance(new, str) or not new:
                yield self.problem(f"rename.{old}", f"expected a name, got {show_value(new)}.")
            elif new in others:
                yield self.problem(
                    f"rename.{old}", f'another column is called "{new}". Choose another name.'
                )

    def _column_problems(self, train: Sequence[str], test: Sequence[str]) -> Iterator[Problem]:
        for name, kind in self.types.items():
            if kind not in TYPES:
                yield self.problem(
                    f"types.{name}", f'unknown type "{kind}". {did_you_mean(str(kind), TYPES)}'
                )
        train_features = {self.rename.get(name, name) for name in self._kept_train(train)} - {
            self.target,
            self.id,
        }
        test_features = {self.rename.get(name, name) for name in self._kept_test(test)} - {self.id}
        missing = sorted(train_features - test_features)
        if not train_features and set(self.train_columns) <= set(train):
            yield self.problem(
                "drop_columns" if self.drop_columns else "train_columns",
                "no column is left to learn from, beside the target and the id. Keep some.",
            )
        if missing:
            yield self.problem(
                "test_columns",
                f"the test table lacks {', '.join(missing)}, which the training table has. "
                "Add them, or leave them out of train_columns.",
            )
        for name in self.types:
            if name not in train_features | {self.target, self.id}:
                yield self.problem(
                    f"types.{name}", f"no such column is kept. {did_you_mean(name, train_features)}"
                )

    def output(self) -> dict[str, Artifact]:
        """Return the training table (with the target) and the test table."""
        return {"train": self.artifact("train.parquet"), "test": self.artifact("test.parquet")}

    def compute(self) -> None:
        """Read both files and write both tables."""
        train = read_table(self.train_file, self.delimiter, self.encoding)
        test = read_table(self.test_file, self.delimiter, self.encoding)
        train = train[self._kept_train(list(train.columns))]
        test = test[self._kept_test(list(test.columns))]
        train = drop_rows_without(train, self.target)
        self.output()["train"].save(
            type_columns(train.rename(columns=dict(self.rename)), self.types)
        )
        self.output()["test"].save(type_columns(test.rename(columns=dict(self.rename)), self.types))

    def _kept_train(self, columns: Sequence[str]) -> list[str]:
        return kept_columns(
            columns, self.train_columns, self.drop_columns, always=(self.target, self.id)
        )

    def _kept_test(self, columns: Sequence[str]) -> list[str]:
        wanted = self.test_columns or [name for name in self.train_columns if name != self.target]
        return kept_columns(columns, wanted, self.drop_columns, always=(self.id,))


def read_table(file: str, delimiter: str, encoding: str) -> pd.DataFrame:
    """Return a CSV file as a table; column names lose surrounding blanks."""
    import pandas as pd

    with warnings.catch_warnings():
        # Rows longer than the header lose their last fields, or shift when an index is allowed.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = pd.read_csv(
            file, sep=delimiter, encoding=encoding, low_memory=False, index_col=False
        )
    table.columns = table.columns.str.strip()
    return table


def kept_columns(
    columns: Sequence[str], wanted: Sequence[str], dropped: Sequence[str], *, always: Sequence[str]
) -> list[str]:
    """Return the columns to keep, in the order of the file.

    >>> kept_columns(["id", "a", "b"], ["b"], [], always=["id"])
    ['id', 'b']
    """
    chosen = set(wanted or columns) - set(dropped) | set(always)
    return [name for name in columns if name in chosen]


def drop_rows_without(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target, and log how many have none."""
    is_labelled = table[target].notna()
    if not is_labelled.all():
        logger.warning(
            "%d training rows have no %s and are left out.", (~is_labelled).sum(), target
        )
    return table[is_labelled]


def type_columns(table: pd.DataFrame, types: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with the given types of those columns it has.

    Raises
    ------
    ValueError
        A column's values do not fit its type.
    """
    return table.astype({name: kind for name, kind in types.items() if name in table.columns})
