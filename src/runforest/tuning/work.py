"""What a worker does, and how the table reaches it: once per process, as a file.

Optuna stays in the driver; nothing here imports it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from runforest.executors.sharing import LocalFile, share_file
from runforest.tuning.scoring import fold_positions, score_fold
from runforest.tuning.steps import advance_fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from runforest.estimators import EstimatorSpec, Kind
    from runforest.executors.sharing import Location
    from runforest.tuning.objectives import Scores
    from runforest.tuning.scoring import Fold


@dataclass(frozen=True, kw_only=True)
class TableReference:
    """A table as a file; two references are equal when their bytes are."""

    file: Location = field(compare=False)
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
    return TableReference(file=LocalFile(path), digest=_digest(path))


def share_table(table: TableReference, executor: Executor) -> TableReference:
    """Return the reference by which workers of the executor find the table, once it is there."""
    return replace(table, file=share_file(executor, table.file.path()))


def score_folds(
    plan: FoldPlan, spec: EstimatorSpec, objectives: Sequence[str], numbers: tuple[int, ...]
) -> list[Scores]:
    """Return what the numbered folds score: a unit of work that is sent to an executor."""
    table, folds = _load_table(plan.table), _folds(plan)
    return [score_fold(table, folds[each], spec, plan.target, objectives) for each in numbers]


def advance_folds(
    plan: FoldPlan,
    spec: EstimatorSpec,
    objectives: Sequence[str],
    *,
    states: tuple[object, ...],
    step: int,
    n_steps: int,
) -> tuple[list[Scores], list[object]]:
    """Train the models of all folds one step further: a unit of work too.

    Parameters
    ----------
    states
        What the last step returned, a state per fold; nothing for the first step.
    step, n_steps
        The step to do, from 1, and the number of them in all.

    Returns
    -------
    scores, states
        What the models score now, and what the next step needs. Times are those of all steps.
    """
    table, folds = _load_table(plan.table), _folds(plan)
    done = [
        advance_fold(
            table,
            fold,
            spec,
            plan.target,
            objectives,
            state=state,
            step=step,
            n_steps=n_steps,
        )
        for fold, state in zip(folds, states or (None,) * len(folds), strict=True)
    ]
    return [scores for scores, _ in done], [state for _, state in done]


@lru_cache(maxsize=1)
def _load_table(reference: TableReference) -> pd.DataFrame:
    import pandas as pd

    path = reference.file.path()
    if not path.is_file():
        message = f"{path} is gone from this worker. Run again."
        raise FileNotFoundError(message)
    if _digest(path) != reference.digest:
        message = f"{path} changed since the driver wrote it. Run again."
        raise ValueError(message)
    return pd.read_parquet(path)


@lru_cache(maxsize=1)
def _folds(plan: FoldPlan) -> list[Fold]:
    return fold_positions(_load_table(plan.table), plan.target, plan.kind, plan.n_folds, plan.seed)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
