"""A trial from its start to its end, as the driver sees it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.model.metrics import short_name
from runforest.run.events import now_ms
from runforest.tuning.study.trial_record import TrialRecord, TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna

    from runforest.model.scoring import Scores
    from runforest.tuning.driver.work import StepState

UID_ATTRIBUTE = "uid"
"""User attribute of a trial that was running when an earlier driver died."""


@dataclass(kw_only=True)
class RunningTrial:
    """A trial that is being scored; `state` is None while it is running.

    Attributes
    ----------
    scores
        What the folds scored: those that are done, or all of them after the last step.
    steps_done, models
        How far its models are trained, and their states, where trials are trained in steps.
    is_over, n_rounds
        Whether more rounds of a booster would change nothing, and the best number of them.
    """

    uid: str
    trial: optuna.Trial
    params: dict[str, object]
    state: TrialState | None = None
    scores: list[Scores] = field(default_factory=list)
    steps_done: int = 0
    models: list[StepState] = field(default_factory=list)
    is_over: bool = False
    n_rounds: int | None = None
    reason: str | None = None
    started_ms: int = field(default_factory=now_ms)
    clock_s: float = field(default_factory=time.perf_counter)
    duration_s: float = 0.0

    def record(self, number: int, objectives: Sequence[str]) -> TrialRecord:
        """Return the record of the trial once it has ended."""
        is_complete = self.state == "complete"
        columns = [tuple(scores[i] for scores in self.scores) for i in range(len(objectives))]
        return TrialRecord(
            uid=self.uid,
            number=number,
            params=self.params,
            state=self.state or "failed",
            value=statistics.fmean(columns[0]) if is_complete else None,
            std=statistics.pstdev(columns[0]) if is_complete else None,
            fold_scores=columns[0],
            further=dict(zip(map(short_name, objectives[1:]), columns[1:], strict=True)),
            started_ms=self.started_ms,
            duration_s=self.duration_s,
            reason=self.reason,
            n_rounds=self.n_rounds,
        )
