"""What a worker does, and how the table reaches it: once per process, as a file.

Optuna stays in the driver; nothing here imports it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from runforest.executors import share_file
from runforest.model.boosting.folds import boost_folds, rounds_of
from runforest.model.folds import apply_features, feature_columns, select_rows
from runforest.model.scoring import score_fold, score_model
from runforest.model.splits import SplitSpec, fold_positions, set_aside
from runforest.model.stepwise.steps import advance
from runforest.results.digests import file_digest
from runforest.results.formats import format_of
from runforest.table.roles import feature_roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from runforest.executors import Location
    from runforest.model.boosting.folds import BoostedFolds
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.folds import FoldRows
    from runforest.model.scoring import Scores
    from runforest.model.splitters import Fold
    from runforest.model.stepwise.steps import ModelState
    from runforest.table.roles import Roles
    from runforest.tuning.study.spec import StudySpec

MAX_CACHED_BYTES = 256 << 20
"""Memory of the folds' tables up to which a worker caches them with their features."""

MAX_CACHED_FOLDS = 100


StepState = tuple["ModelState | None", float]
"""A model that is being trained, and the seconds that its training took so far."""


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
    id: str = ""
    """Column that no model sees; empty for none."""
    splits: SplitSpec
    estimator: EstimatorSpec = field(hash=False)
    """That of all trials, from which the features follow; its parameters are the fixed ones."""
    columns: Mapping[str, object] = field(default_factory=dict, hash=False)
    """Roles that the configuration gives to columns."""


def share_table(file: Path, executor: Executor) -> TableReference:
    """Return the reference by which workers of the executor find the table, once it is there."""
    return TableReference(file=share_file(executor, file), digest=file_digest(file))


def count_folds(file: Path, study: StudySpec) -> int:
    """Return how many folds the rows of a table give."""
    table: pd.DataFrame = format_of(file).load(file)  # type: ignore[assignment] # a table's format
    rows, _ = set_aside(table, study.target, study.splits)
    return len(fold_positions(rows, study.target, study.splits))


def score_folds(
    plan: FoldPlan, spec: EstimatorSpec, objectives: Sequence[str], numbers: tuple[int, ...]
) -> list[Scores]:
    """Return what the numbered folds score: a unit of work that is sent to an executor."""
    return [score_fold(_prepared(plan, each), spec, objectives) for each in numbers]


def boost_part(
    plan: FoldPlan,
    spec: EstimatorSpec,
    objectives: Sequence[str],
    *,
    step: int,
    n_steps: int,
) -> BoostedFolds:
    """Train all folds for a part of a booster's rounds, from the beginning: a unit of work too.

    Up to step s of n a training of b rounds has ceil(b s / n) of them.
    """
    n_rounds = -(-rounds_of(spec) * step // n_steps)
    folds = [_prepared(plan, number) for number in range(len(_folds(plan)))]
    return boost_folds(spec, folds, objectives, n_rounds=n_rounds)


def advance_folds(
    plan: FoldPlan,
    spec: EstimatorSpec,
    objectives: Sequence[str],
    *,
    states: tuple[StepState, ...],
    step: int,
    n_steps: int,
) -> tuple[list[Scores], list[StepState]]:
    """Train the models of all folds one step further: a unit of work too.

    `states` is what the last step returned, a state per fold, or nothing for the first step, which
    is number 1 of `n_steps`. Returned are the scores now, with the times of all steps, and the
    states that the next step needs.
    """
    scores: list[Scores] = []
    after: list[StepState] = []
    for number in range(len(_folds(plan))):
        rows = _rows(plan, number)
        model, spent_s = states[number] if states else (None, 0.0)
        clock = time.perf_counter()
        known = (rows.train, rows.train_values, rows.roles)
        model = advance(spec, model, *known, step=step, n_steps=n_steps)
        spent_s += time.perf_counter() - clock
        scores.append(score_model(model.pipeline, rows, objectives, fit_time_s=spent_s))
        after.append((model, spent_s))
    return scores, after


@lru_cache(maxsize=1)
def _load_table(reference: TableReference) -> pd.DataFrame:
    path = reference.file()
    table: pd.DataFrame = format_of(path).load(path)  # type: ignore[assignment] # a table's format
    return table


def _prepared(plan: FoldPlan, number: int) -> FoldRows:
    """Return a fold with its features, cached for the next trial unless that takes much memory."""
    return (_prepare if _is_small(plan) else _prepare.__wrapped__)(plan, number)


@lru_cache(maxsize=1)
def _is_small(plan: FoldPlan) -> bool:
    size_bytes = int(_load_table(plan.table).memory_usage(deep=True).sum())
    n_folds = len(_folds(plan))
    return size_bytes * n_folds <= MAX_CACHED_BYTES and n_folds <= MAX_CACHED_FOLDS


@lru_cache(maxsize=MAX_CACHED_FOLDS)
def _prepare(plan: FoldPlan, number: int) -> FoldRows:
    return apply_features(_rows(plan, number), plan.estimator)


def _rows(plan: FoldPlan, number: int) -> FoldRows:
    values, kind = _rows_to_learn_from(plan)[plan.target].to_numpy(), plan.splits.kind
    return select_rows(_features(plan), values, _folds(plan)[number], kind, _roles(plan))


@lru_cache(maxsize=1)
def _features(plan: FoldPlan) -> pd.DataFrame:
    table = _rows_to_learn_from(plan)
    return feature_columns(table, plan.id, plan.target, *plan.splits.hidden)


@lru_cache(maxsize=1)
def _roles(plan: FoldPlan) -> Roles:
    return feature_roles(_features(plan), plan.columns)


@lru_cache(maxsize=1)
def _rows_to_learn_from(plan: FoldPlan) -> pd.DataFrame:
    return set_aside(_load_table(plan.table), plan.target, plan.splits)[0]


@lru_cache(maxsize=1)
def _folds(plan: FoldPlan) -> list[Fold]:
    return fold_positions(_rows_to_learn_from(plan), plan.target, plan.splits)
