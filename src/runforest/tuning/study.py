"""What a study is asked for and what it gives back: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.estimators import EstimatorSpec
    from runforest.tuning.dimensions import Dimension
    from runforest.tuning.trials import TrialRecord


class StudyError(RuntimeError):
    """A study cannot give a result; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """The question of a study.

    Attributes
    ----------
    estimator
        Its params are the fixed ones; a trial adds or replaces the suggested ones.
    n_trials
        The total: finished trials of an earlier start count.
    timeout_s
        Seconds after which no trial is started; running ones finish. None: no limit.
    scorer
        Name of a scikit-learn scorer; greater is better.
    seed
        Of the sampler and of the folds.
    """

    estimator: EstimatorSpec
    target: str
    n_trials: int
    timeout_s: float | None
    n_folds: int
    scorer: str
    seed: int
    space: Mapping[str, Dimension]
    sampler: str = "tpe"
    sampler_options: Mapping[str, object] = field(default_factory=dict)
    pruner: str = "none"
    pruner_options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """The answer of a study.

    Attributes
    ----------
    best_params
        The suggested parameters of the best trial, not the fixed ones.
    best_value, best_std
        Mean and population standard deviation of its fold scores.
    best_number
        Its number; the lowest one of equal trials.
    trials
        All finished trials in the order of finishing, those of earlier starts included.
    importances
        Share of each parameter in the variance of the value, greatest first; sums to 1. Empty
        when it cannot be told: fewer than two complete trials, or equal values.
    """

    best_params: dict[str, object]
    best_value: float
    best_std: float
    best_number: int
    trials: tuple[TrialRecord, ...]
    importances: dict[str, float]
