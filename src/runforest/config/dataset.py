"""The data set's two files: that they can be read, and what their columns are."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.errors import Problem, did_you_mean, surely_meant
from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.config.model import DatasetConfig
    from runforest.results.digests import DigestCache

# A word of its own, or with a capital after a small letter: `passengerId`, but not `humid`.
_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|key|index|uuid|guid)$|^(id|key|index)(_|\b))|[a-z0-9](I[dD]|Key|Index)$"
)
_OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first row of a CSV file."""

    file: Path
    columns: tuple[str, ...]


def read_header(
    file: Path, config: DatasetConfig, key: str, *, digests: DigestCache, cache: Path
) -> Header | Problem:
    """Return the column names of a CSV file, or what is wrong with the file.

    The whole file is decoded once per content, in blocks, so that a wrong encoding is found here
    and not in the middle of a task.
    """
    problem = _file_problem(file, config, digests, cache)
    if problem:
        return Problem(where=str(file), message=problem)
    with file.open(encoding=without_mark(config.encoding), newline="") as source:
        rows = csv.reader(source, delimiter=config.delimiter)
        columns = tuple(name.strip() for name in next(rows, []))
        has_row = next((True for row in rows if row), False)
    message = _header_problem(columns, config, key, has_row=has_row)
    return (
        Problem(where=str(file), message=message) if message else Header(file=file, columns=columns)
    )


def without_mark(encoding: str) -> str:
    """Return the codec that also reads a file with the byte order mark of UTF-8, as pandas does.

    >>> without_mark("UTF-8"), without_mark("latin-1")
    ('utf-8-sig', 'latin-1')
    """
    return "utf-8-sig" if encoding.casefold() in {"utf-8", "utf8", "utf_8"} else encoding


def infer_target(train: Header, test: Header, config: DatasetConfig) -> tuple[str, Problem | None]:
    """Return the target: as configured, or the one column that train has and test lacks.

    Of a misspelt one the column that it is close to, and a problem; of an unknown one "".
    """
    only_train = [name for name in train.columns if name not in test.columns]
    if config.target in only_train or (not config.target and len(only_train) == 1):
        return config.target or only_train[0], None
    if config.target:
        return _wrong_target(train, test, config)
    found = (
        f"train has {', '.join(only_train)} that test lacks"
        if only_train
        else ("train has no column that test lacks")
    )
    message = f'cannot be inferred: {found}. Name it: target = "...".'
    return "", Problem(where="[Dataset]", key="target", message=message)


def find_ids(
    train: Header, test: Header, config: DatasetConfig
) -> tuple[list[str], Problem | None]:
    """Return the columns that may be the id: the configured one, or those named like one.

    Of a misspelt one the column that it is close to, and a problem.
    """
    shared = [name for name in train.columns if name in test.columns]
    if not config.has_id:
        return [], None
    if not config.id:
        return [name for name in shared if _ID_NAME.search(name)], None
    if config.id in shared:
        return [config.id], None
    message = f'"{config.id}" is not a column of both files. {did_you_mean(config.id, shared)}'
    near = surely_meant(config.id, shared)
    return [near] if near else [], Problem(where="[Dataset]", key="id", message=message)


def _file_problem(
    file: Path, config: DatasetConfig, digests: DigestCache, cache: Path
) -> str | None:
    if not file.is_file():
        return _missing_file(file)
    decoded = open_cache(cache)
    try:
        content = f"{digests.digest(file)} {config.encoding}"
        problem = None if decoded.get(content) else _text_problem(file, config)
    except OSError as error:
        return f"cannot be read ({error.strerror}). Make it readable."
    if problem is None:
        decoded.put(content, "sound")
    return problem


def _text_problem(file: Path, config: DatasetConfig) -> str | None:
    try:
        is_blank = True
        with file.open(encoding=without_mark(config.encoding)) as source:
            while block := source.read(1 << 20):
                is_blank = is_blank and not block.strip()
                if "\0" in block:
                    return (
                        f"has a NUL character, so it is no text in {config.encoding}. Repair it, "
                        'or set its encoding: [Dataset] encoding = "utf-16", for instance.'
                    )
    except UnicodeDecodeError as error:
        return (
            f"cannot be decoded as {config.encoding}: {error.reason} at byte {error.start}. "
            'Set the encoding of the file: [Dataset] encoding = "latin-1", for instance.'
        )
    except LookupError:
        return (
            f'unknown encoding "{config.encoding}". Use a Python codec name: [Dataset] '
            'encoding = "utf-8".'
        )
    return "is empty. It needs a header and at least one row." if is_blank else None


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


def _header_problem(
    columns: tuple[str, ...], config: DatasetConfig, key: str, *, has_row: bool
) -> str | None:
    if len(columns) == 1:
        others = [other for other in _OTHER_DELIMITERS if other in columns[0]]
        if others and others[0] != config.delimiter:
            shown = others[0].replace("\t", "\\t")
            return (
                f'has one column with the delimiter "{config.delimiter}", but its header '
                f'contains "{shown}". Set [Dataset] delimiter = "{shown}".'
            )
    duplicates = sorted({name for name in columns if columns.count(name) > 1})
    if duplicates:
        return f"has the column {', '.join(duplicates)} more than once. Rename one of them."
    if "" in columns:
        position = columns.index("") + 1
        return f"has no name for column {position}. Name it in the header."
    if not has_row:
        return f"has a header and no rows. Add rows, or set [Dataset] {key} to another file."
    return None


def _wrong_target(train: Header, test: Header, config: DatasetConfig) -> tuple[str, Problem | None]:
    if config.target in train.columns:
        near = None
        message = (
            f'"{config.target}" is also a column of {test.file.name}, where it should be unknown. '
            "Remove it there, or name another target."
        )
    else:
        near = surely_meant(config.target, set(train.columns) - set(test.columns))
        message = (
            f'"{config.target}" is not a column of {train.file.name}. '
            f"{did_you_mean(config.target, train.columns)}"
        )
    return near or "", Problem(where="[Dataset]", key="target", message=message)
