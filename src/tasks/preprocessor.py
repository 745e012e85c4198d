"""Preprocessor: the raw files as typed tables, with the columns that the experiment uses."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from runforest import (
    InputFileParameter,
    KindParameter,
    RunTask,
    StringsParameter,
    TableParameter,
    from_table,
)
from runforest.foundation.errors import ConfigError
from runforest.foundation.parameters import IdParameter, TargetParameter
from runforest.model.columns import TYPES, ColumnChoice
from runforest.model_checks import column_problems
from runforest.split_checks import unused_column_problems
from runforest.table.options import Reading
from runforest.table.profile import read_tables
from runforest.table.raw.table_file import TableFile
from runforest.table.roles import ColumnRole
from runforest.table.typed import Jobs

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
    reading = from_table(
        "Dataset",
        "reading",
        TableParameter(default={}, description="How the files are read, as [Dataset] says."),
    )
    columns = from_table(
        "Dataset",
        "columns",
        TableParameter(default={}, description="Roles of columns, as [Dataset.columns] says."),
    )
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
        default={}, description=f"Types by (new) column name: {', '.join(TYPES)}."
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
        """Return the training table (with the target), the test table if any, and their schema."""
        names = ("train", "test") if self.test_file else ("train",)
        tables = {name: self.artifact(f"{name}.parquet") for name in names}
        return {**tables, "schema": self.artifact("schema.json")}

    def compute(self) -> None:
        """Read the files and write the tables."""
        read, choice, outputs = self.read(), self.choice(), self.output()
        train = labelled_rows(read.frames["train"], self.target)
        tables = {"train": train[choice.train(list(train.columns))]}
        if self.test_file:
            test = read.frames["test"]
            tables["test"] = test[choice.test(list(test.columns))]
        for name, table in tables.items():
            renamed = table.rename(columns=dict(self.rename))
            outputs[name].save(renamed.astype(choice.types_of(renamed)))
        outputs["schema"].save(read.schema.to_json())

    def planned_roles(self, schema: Schema) -> Roles:
        """Return the roles of the columns that the tables will have, for the plan."""
        choice = self.choice()
        kept, said = choice.train([one.name for one in schema.columns]), choice.roles()
        return {
            choice.new_name(one.name): ColumnRole(
                said.get(one.name, one.role), one.reason, one.dtype
            )
            for one in schema.columns
            if one.name in kept
        }

    def choice(self) -> ColumnChoice:
        """Return the columns to keep."""
        keys = ("target", "id", "train_columns", "test_columns", "drop_columns", "rename", "types")
        return ColumnChoice(**{key: getattr(self, key) for key in keys})

    def read(self) -> TypedTables:
        """Return both files as typed tables."""
        reading = Reading.of(self.reading, {**self.columns, **self.choice().roles()})
        jobs = Jobs(target=self.target, id=self.id, kind=self.kind, kept=tuple(self.kept))
        named = {"train": self.train_file, "test": self.test_file}
        files = {
            part: TableFile(path=Path(file), reading=reading)
            for part, file in named.items()
            if file
        }
        return read_tables(files, jobs, reading)


def labelled_rows(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows that have a target, and log how many have none."""
    is_labelled = table[target].notna()
    if is_labelled.all():
        return table
    logger.warning("%d training rows have no %s and are left out.", (~is_labelled).sum(), target)
    kept = table[is_labelled]
    whole = "int64" if str(table[target].dtype) == "Int64" else table[target].dtype
    return kept.astype({target: whole})
