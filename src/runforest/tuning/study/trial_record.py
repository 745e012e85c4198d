"""The record of a finished trial: a plain value, free of Optuna's types."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD_KEY = "record"
"""User attribute of an Optuna trial that holds our record of it."""

TrialState = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One finished trial of a study.

    Attributes
    ----------
    uid
        Hexadecimal digits that no other trial has.
    number
        Position in the order of finishing, from 0, without gaps.
    params
        The suggested parameters alone, not the fixed ones.
    value, std
        Mean and population standard deviation of all fold scores of the first objective; None
        unless the trial is complete.
    fold_scores
        Of the folds that were fitted where a trial is pruned by folds, of models that were not
        finished where it is pruned by iterations.
    further
        Objective -> its fold scores, for all objectives but the first.
    started_ms
        Milliseconds since 1970-01-01 UTC.
    reason
        Why the trial failed.
    n_rounds
        Rounds of boosting after which the scores are the best; None without early stopping.
    """

    uid: str
    number: int
    params: dict[str, object]
    state: TrialState
    value: float | None
    std: float | None
    fold_scores: tuple[float, ...]
    further: dict[str, tuple[float, ...]] = field(default_factory=dict)
    started_ms: int
    duration_s: float
    reason: str | None
    n_rounds: int | None = None

    @property
    def means(self) -> tuple[float, ...]:
        """Mean of the fold scores of each objective; of a complete trial alone."""
        if self.value is None:
            return ()
        return (self.value, *(fmean(scores) for scores in self.further.values()))

    def to_json(self) -> dict[str, object]:
        """Return the record as JSON types."""
        further = {name: list(scores) for name, scores in self.further.items()}
        return asdict(self) | {"fold_scores": list(self.fold_scores), "further": further}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> TrialRecord:
        """Return the record that `to_json` was called on."""
        scores = tuple(cast("list[float]", fields["fold_scores"]))
        lists = cast("dict[str, list[float]]", fields["further"])
        further = {name: tuple(each) for name, each in lists.items()}
        return cls(**{**fields, "fold_scores": scores, "further": further})  # type: ignore[arg-type]
