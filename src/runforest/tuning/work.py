"""What a worker does, and how the table reaches it: once per process, as a file.

Optuna stays in the driver; nothing here imports it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from runforest.tuning.scoring import fold_positions, score_trial

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from runforest.estimators import EstimatorSpec, Kind
    from runforest.tuning.scoring import Fold


@dataclass(frozen=True, kw_only=True)
class TableReference:
    """A table as a file; two references are equal when their bytes are."""

    path: Path = field(compare=False)
    digest: str


@dataclass(frozen=True, kw_only=True)
class FoldPlan:
    """From what the folds follow: each worker derives the same ones."""

    table: TableReference
    target: str
    kind: Kind
    n_folds: int
    seed: int


def save_table(table: pd.DataFrame, folder: Path) -> TableReference:
    """Write the table into the folder, as parquet, and return the reference to send."""
    path = folder / "table.parquet"
    table.to_parquet(path)
    return TableReference(path=path, digest=_digest(path))


def score_folds(
    plan: FoldPlan, spec: EstimatorSpec, scorer: str, numbers: tuple[int, ...]
) -> list[float]:
    """Return the scores of the numbered folds: the unit of work that is sent to an executor."""
    table, folds = _load_table(plan.table), _folds(plan)
    return score_trial(table, [folds[number] for number in numbers], spec, plan.target, scorer)


@lru_cache(maxsize=1)
def _load_table(reference: TableReference) -> pd.DataFrame:
    import pandas as pd

    if not reference.path.is_file():
        message = (
            f"this worker sees no file {reference.path}. Give driver and workers a shared folder "
            "and name it in TMPDIR."
        )
        raise FileNotFoundError(message)
    if _digest(reference.path) != reference.digest:
        message = f"{reference.path} changed since the driver wrote it. Run again."
        raise ValueError(message)
    return pd.read_parquet(reference.path)


@lru_cache(maxsize=1)
def _folds(plan: FoldPlan) -> list[Fold]:
    return fold_positions(_load_table(plan.table), plan.target, plan.kind, plan.n_folds, plan.seed)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
