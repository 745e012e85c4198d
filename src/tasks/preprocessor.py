"""Preprocessor: the raw files as typed tables, with the columns that the experiment uses."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from runforest import InputFileParameter, RunTask, StringsParameter, TableParameter, from_table
from runforest.foundation.parameters import IdParameter, TargetParameter
from runforest.model.columns import TYPES, ColumnChoice
from runforest.model_checks import column_problems
from runforest.table.table_file import TableFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from runforest import Artifact, Problem

logger = logging.getLogger(__name__)


class Preprocessor(RunTask):
    """Select, drop, rename and type the columns of both files; nothing is learned here."""

    train_file = from_table(
        "Dataset", "train_file", InputFileParameter(description="Training file.")
    )
    test_file = from_table(
        "Dataset", "test_file", InputFileParameter(description="Test file; empty for none.")
    )
    target = TargetParameter()
    id = IdParameter()
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
        for key, message in column_problems(self.choice(), facts.train_columns, facts.test_columns):
            yield self.problem(key, message)

    def output(self) -> dict[str, Artifact]:
        """Return the training table (with the target), and the test table if there is one."""
        names = ("train", "test") if self.test_file else ("train",)
        return {name: self.artifact(f"{name}.parquet") for name in names}

    def compute(self) -> None:
        """Read both files and write both tables."""
        train, choice = self.read(self.train_file), self.choice()
        tables = {"train": drop_rows_without(train, self.target)[choice.train(list(train.columns))]}
        if self.test_file:
            test = self.read(self.test_file)
            tables["test"] = test[choice.test(list(test.columns))]
        for name, table in tables.items():
            renamed = table.rename(columns=dict(self.rename))
            types = {key: kind for key, kind in self.types.items() if key in renamed.columns}
            self.output()[name].save(renamed.astype(types))

    def choice(self) -> ColumnChoice:
        """Return the columns to keep."""
        keys = ("target", "id", "train_columns", "test_columns", "drop_columns", "rename", "types")
        return ColumnChoice(**{key: getattr(self, key) for key in keys})

    def read(self, file: str) -> pd.DataFrame:
        """Return a raw file as a table."""
        table = TableFile(path=Path(file), delimiter=self.delimiter, encoding=self.encoding)
        return table.read()


def drop_rows_without(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target, and log how many have none."""
    is_labelled = table[target].notna()
    if not is_labelled.all():
        logger.warning(
            "%d training rows have no %s and are left out.", (~is_labelled).sum(), target
        )
    return table[is_labelled]
