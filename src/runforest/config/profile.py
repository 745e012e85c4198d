"""What the target and the id of a data set hold: read once per content, then remembered."""

from __future__ import annotations

import csv
import dataclasses
import functools
import json
import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from runforest.config.dataset import without_mark
from runforest.results.digests import text_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from runforest.config.model import DatasetConfig
    from runforest.results.digests import DigestCache

Kind = Literal["classification", "regression"]
_MAX_FIELD = 2**31 - 1
MAX_CLASSES = 20
"""A whole-number target with more distinct values than this is taken for a quantity."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Counts over the columns that have a role.

    `smallest_class` is the number of rows of the rarest value of the target, `duplicates` for
    each column that may be the id the number of rows that repeat an earlier value or have none.
    """

    n_rows: int
    n_columns: int
    n_target_missing: int = 0
    n_target_values: int = 0
    smallest_class: int = 0
    is_number: bool = True
    inferred_kind: Kind = "regression"
    duplicates: dict[str, int] = field(default_factory=dict)


def profile_file(
    file: Path,
    target: str,
    ids: list[str],
    config: DatasetConfig,
    *,
    digests: DigestCache,
    cache: Path,
) -> Profile:
    """Return the profile of a CSV file; `target` is empty for the test file.

    Raises
    ------
    ValueError
        The file is not a table: a row has too many fields, for instance.
    """
    asked = json.dumps([digests.digest(file), target, ids, config.delimiter, config.encoding])
    known = cache / f"{text_digest(asked)}.json"
    if known.exists():
        return Profile(**json.loads(known.read_text(encoding="utf-8")))
    profile = _compute(file, target, ids, config)
    draft = known.with_suffix(f".{os.getpid()}.draft")
    cache.mkdir(parents=True, exist_ok=True)
    draft.write_text(json.dumps(dataclasses.asdict(profile)), encoding="utf-8")
    draft.replace(known)
    return profile


def _compute(file: Path, target: str, ids: list[str], config: DatasetConfig) -> Profile:
    import pandas as pd

    first = pd.read_csv(file, sep=config.delimiter, encoding=config.encoding, nrows=0)
    first.columns = first.columns.str.strip()
    table = _read_columns(file, {target, *ids} - {""}, config)
    _check_lengths(file, config)
    profile = Profile(
        n_rows=len(table),
        n_columns=len(first.columns),
        duplicates={
            name: int((table[name].duplicated() | table[name].isna()).sum()) for name in ids
        },
    )
    return _with_target(profile, table[target]) if target else profile


def _read_columns(file: Path, wanted: set[str], config: DatasetConfig) -> pd.DataFrame:
    """Return some columns of a file, or the first for its rows, without the rest in memory."""
    import pandas as pd

    read: Callable[..., pd.DataFrame] = functools.partial(  # type: ignore[assignment] # no chunks
        pd.read_csv,
        file,
        sep=config.delimiter,
        encoding=config.encoding,
        usecols=(lambda name: name.strip() in wanted) if wanted else [0],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.DtypeWarning)
        try:
            table = read()
        except pd.errors.DtypeWarning:  # numbers in one part of the file, text in another
            table = read(dtype="str")
    table.columns = table.columns.str.strip()
    return table


def _check_lengths(file: Path, config: DatasetConfig) -> None:
    """See that all rows are as long as the header.

    pandas takes longer ones for rows with an index, which shifts every column, and fills up
    shorter ones, such as the last row of a file that was cut off.

    Raises
    ------
    ValueError
        A row is longer or shorter.
    """
    csv.field_size_limit(_MAX_FIELD)
    with file.open(encoding=without_mark(config.encoding), newline="") as source:
        rows = csv.reader(source, delimiter=config.delimiter)
        wanted = len(next(rows))
        for row in rows:
            if len(row) != wanted and row:
                message = f"line {rows.line_num} has {len(row)} fields, the header {wanted}"
                raise ValueError(message)


def _with_target(profile: Profile, target: pd.Series) -> Profile:
    counts = target.value_counts()
    return dataclasses.replace(
        profile,
        n_target_missing=int(target.isna().sum()),
        n_target_values=len(counts),
        smallest_class=int(counts.min()) if len(counts) else 0,
        is_number=_is_number(target),
        inferred_kind=_infer_kind(target.dropna(), len(counts)),
    )


def _infer_kind(target: pd.Series, n_values: int) -> Kind:
    if not _is_number(target):
        return "classification"
    is_whole = bool((target == target.round()).all())
    return "classification" if is_whole and n_values <= MAX_CLASSES else "regression"


def _is_number(column: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
