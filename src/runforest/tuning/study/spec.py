"""The question of a study and its answer: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from runforest.model.splits import planned_folds
from runforest.tuning.space.table import grid_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.splits import SplitSpec
    from runforest.tuning.space.dimensions import Dimension
    from runforest.tuning.study.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """The question of a study.

    Attributes
    ----------
    estimator
        Its params are the fixed ones; a trial adds or replaces the suggested ones.
    columns
        Roles that the configuration gives to columns.
    n_trials
        The total: finished trials of an earlier start count.
    objectives
        Names of scorers or of times; `direction` says what of each is better. The first one
        decides which trial is called the best.
    is_conditional
        Whether a trial may have more or fewer parameters than the space: its task suggests them
        by itself.
    prune_by, n_steps
        Whether the pruner decides after each fold, or after each of `n_steps` equal parts of the
        estimator's iterations.
    n_counted_folds
        Folds of the table where the splitter alone does not say their number.
    """

    estimator: EstimatorSpec
    target: str
    id: str = ""
    columns: Mapping[str, object] = field(default_factory=dict)
    n_trials: int
    timeout_s: float | None
    splits: SplitSpec
    objectives: tuple[str, ...]
    seed: int
    space: Mapping[str, Dimension]
    is_conditional: bool = False
    sampler: str = "tpe"
    sampler_options: Mapping[str, object] = field(default_factory=dict)
    pruner: str = "none"
    pruner_options: Mapping[str, object] = field(default_factory=dict)
    prune_by: str = "folds"
    n_steps: int = 10
    n_counted_folds: int = 0

    @cached_property
    def n_folds(self) -> int:
        """Folds of each trial; 0 where they follow from the rows and are not counted yet."""
        return planned_folds(self.splits) or self.n_counted_folds

    @cached_property
    def n_possible(self) -> int:
        """Trials that there can be in all: `n_trials`, or the points of a grid that has fewer."""
        size = grid_size(self.space) if self.sampler == "grid" else None
        return self.n_trials if size is None else min(size, self.n_trials)

    @property
    def n_stages(self) -> int:
        """Times that a running trial has a score: its folds, or the steps of its training."""
        return self.n_steps if self.prune_by == "iterations" else self.n_folds


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """The answer of a study.

    Attributes
    ----------
    best
        Of equal trials the one that is best in the further objectives, then the first.
    trials
        All finished trials in the order of finishing, those of earlier starts included.
    front
        Numbers of the trials that no other one beats; with one objective, the best ones.
    importances
        Share of each parameter in the variance of the value, greatest first; sums to 1. Empty
        when it cannot be computed: fewer than two complete trials, or equal values.
    """

    best: TrialRecord
    trials: tuple[TrialRecord, ...]
    front: tuple[int, ...]
    importances: dict[str, float]
