"""Preprocessor: the raw files as typed tables, with the columns that the experiment uses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runforest import (
    InputFileParameter,
    KindParameter,
    RunTask,
    StringsParameter,
    TableParameter,
    from_table,
)
from runforest.checks.models import column_problems
from runforest.checks.splits import unused_column_problems
from runforest.foundation.errors import ConfigError
from runforest.foundation.parameters import (
    ColumnsParameter,
    IdParameter,
    ReadingParameter,
    TargetParameter,
)
from runforest.model.columns import TYPES, ColumnChoice
from runforest.table.options import Reading
from runforest.table.profile import read_tables
from runforest.table.raw.table_file import table_files
from runforest.table.typed import Jobs, plain_integers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from runforest import Artifact, Problem
    from runforest.table.roles import Roles
    from runforest.table.schema import Schema
    from runforest.table.typed import TypedTables

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
    kind = KindParameter()
    reading = ReadingParameter()
    columns = ColumnsParameter()
    kept = from_table(
        "Dataset",
        "kept",
        StringsParameter(
            default=(), description="Columns that stay though the test file lacks them."
        ),
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
        default={},
        description=f"Types of features by (new) column name: {', '.join(TYPES)}. Classes and the "
        "id stay as they are spelt.",
    )

    def problems(self) -> Iterator[Problem]:
        """Return columns that do not exist, choices that contradict each other, and misfits."""
        facts, choice = self.active_run.settings.dataset, self.choice()
        names = {"group": facts.group, "time": facts.time}
        left_out = (*facts.left_out, *self.kept)
        columns = (facts.train_columns, facts.test_columns, left_out)
        wrong = [
            *column_problems(choice, *columns),
            *unused_column_problems(choice, names, facts.train_columns),
        ]
        found = [self.problem(*one) for one in wrong]
        yield from found
        if self.types and not found:  # else the data set was read alike when it was resolved
            try:
                self.read()
            except ConfigError as error:
                yield from error.problems

    def output(self) -> dict[str, Artifact]:
        """Return the training table (with the target), and the test table if there is one."""
        names = ("train", "test") if self.test_file else ("train",)
        return {name: self.artifact(f"{name}.parquet") for name in names}

    def compute(self) -> None:
        """Read the files, write the tables and beside them their schema."""
        read, choice = self.read(), self.choice()
        train = drop_rows_without(read.frames["train"], self.target)
        tables = {"train": train[choice.train(list(train.columns))]}
        if self.test_file:
            test = read.frames["test"]
            tables["test"] = test[choice.test(list(test.columns))]
        for name, table in tables.items():
            renamed = plain_integers(table).rename(columns=dict(self.rename))
            self.output()[name].save(renamed.astype(choice.types_of(renamed)))
        self.artifact("schema.json").save(read.schema.to_json())

    def planned_roles(self, schema: Schema) -> Roles:
        """Return the roles of the columns that the tables will have, for the plan."""
        return self.choice().planned_roles(schema)

    def choice(self) -> ColumnChoice:
        """Return the columns to keep."""
        keys = ("target", "id", "train_columns", "test_columns", "drop_columns", "rename", "types")
        return ColumnChoice(**{key: getattr(self, key) for key in keys})

    def read(self) -> TypedTables:
        """Return both files as typed tables."""
        reading = Reading.of(self.reading, {**self.columns, **self.choice().roles()})
        jobs = Jobs(target=self.target, id=self.id, kind=self.kind, kept=tuple(self.kept))
        files = table_files({"train": self.train_file, "test": self.test_file}, reading)
        return read_tables(files, jobs, reading)


def drop_rows_without(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target, and log how many have none."""
    is_labelled = table[target].notna()
    if not is_labelled.all():
        logger.warning(
            "%d training rows have no %s and are left out.", (~is_labelled).sum(), target
        )
    return table[is_labelled]
