"""The data set's two files: that they can be read, and what their columns are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.errors import Problem, did_you_mean
from runforest.model.table_file import TableError, TableFile

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.config.model import DatasetConfig

# A word of its own, or with a capital after a small letter: `passengerId`, but not `humid`.
_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|key|index|uuid|guid)$|^(id|key|index)(_|\b))|[a-z0-9](I[dD]|Key|Index)$"
)


@dataclass(frozen=True, kw_only=True)
class Header:
    """A file of the data set and its columns."""

    table: TableFile
    columns: tuple[str, ...]

    @property
    def file(self) -> Path:
        """The file."""
        return self.table.path


def read_header(table: TableFile) -> Header | Problem:
    """Return the columns of a file, or what is wrong with it."""
    if not table.path.is_file():
        return Problem(where=str(table.path), message=_missing_file(table.path))
    try:
        return Header(table=table, columns=table.columns())
    except TableError as error:
        return Problem(where=str(table.path), message=str(error))


def infer_target(train: Header, test: Header, config: DatasetConfig) -> tuple[str, Problem | None]:
    """Return the target: as configured, or the one column that train has and test lacks.

    Of a misspelt one the column that it is close to, and a problem; of an unknown one "".
    """
    only_train = [name for name in train.columns if name not in test.columns]
    if config.target in only_train or (not config.target and len(only_train) == 1):
        return config.target or only_train[0], None
    if config.target:
        return _wrong_target(train, test, config)
    found = ", ".join(only_train) or "no column"
    message = f'cannot be inferred: train has {found} that test lacks. Name it: target = "...".'
    return "", Problem(where="[Dataset]", key="target", message=message)


def find_ids(
    train: Header, test: Header, config: DatasetConfig
) -> tuple[list[str], Problem | None]:
    """Return the columns that may be the id: the configured one, or those named like one."""
    shared = [name for name in train.columns if name in test.columns]
    if not config.has_id:
        return [], None
    if not config.id:
        return [name for name in shared if _ID_NAME.search(name)], None
    if config.id in shared:
        return [config.id], None
    message = f'"{config.id}" is not a column of both files. {did_you_mean(config.id, shared)}'
    return [], Problem(where="[Dataset]", key="id", message=message)


def _missing_file(file: Path) -> str:
    if file.is_dir():
        return (
            "is a folder. Name a file: [Dataset] train and test, in the folder [PathConfig] input."
        )
    remedy = (
        "Set [PathConfig] input to the folder of the data set, [Dataset] train and test to its "
        "files."
    )
    if not file.parent.is_dir():
        return f"no such file: the folder {file.parent} does not exist. {remedy}"
    present = sorted(path.name for path in file.parent.iterdir() if path.is_file())[:10]
    found = ", ".join(present) if present else "nothing"
    return f"no such file. The folder holds: {found}. {remedy}"


def _wrong_target(train: Header, test: Header, config: DatasetConfig) -> tuple[str, Problem | None]:
    if config.target in train.columns:
        message = (
            f'"{config.target}" is also a column of {test.file.name}, where it should be unknown. '
            "Remove it there, or name another target."
        )
    else:
        message = (
            f'"{config.target}" is not a column of {train.file.name}. '
            f"{did_you_mean(config.target, train.columns)}"
        )
    return "", Problem(where="[Dataset]", key="target", message=message)
