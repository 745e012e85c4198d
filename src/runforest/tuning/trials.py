"""The record of a finished trial: a plain value, free of Optuna's types."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

TrialState = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One finished trial of a study.

    Attributes
    ----------
    number
        Position in the order of finishing, from 0, without gaps.
    params
        The suggested parameters alone, not the fixed ones.
    value, std
        Mean and population standard deviation of all fold scores, greater is better;
        None unless the trial is complete.
    fold_scores
        Scores of the folds that were fitted, in their order; a pruned trial has fewer than folds.
    started_ms
        Milliseconds since 1970-01-01 UTC.
    duration_s
        Seconds from the start to the last score.
    reason
        Why the trial failed; None otherwise.
    """

    number: int
    params: dict[str, object]
    state: TrialState
    value: float | None
    std: float | None
    fold_scores: tuple[float, ...]
    started_ms: int
    duration_s: float
    reason: str | None

    def to_json(self) -> dict[str, object]:
        """Return the record as JSON types."""
        return asdict(self) | {"fold_scores": list(self.fold_scores)}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> TrialRecord:
        """Return the record that `to_json` was called on."""
        scores = tuple(cast("list[float]", fields["fold_scores"]))
        return cls(**{**fields, "fold_scores": scores})  # type: ignore[arg-type]
