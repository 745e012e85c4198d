"""How far a study is: what the events of its trials add up to."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runforest.run.events import StudyStarted, TrialFinished

WINDOW = 100
"""Number of trials whose pace is the present one."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is known of a study, at an instant.

    Attributes
    ----------
    n_trials
        Trials in all; None without an event of the study's start.
    n_earlier
        Trials of `n_done` that an earlier run computed; they do not count into the rate.
    started_s
        Seconds since 1970-01-01 UTC; None before the first new trial without such an event.
    stops_s
        When the last trial may start, in the same seconds; None without a limit of time.
    ends_s
        When the last new trials ended, preceded by the end of the trial before them or the start.
    """

    task: str
    n_trials: int | None = None
    n_done: int = 0
    n_earlier: int = 0
    n_pruned: int = 0
    n_failed: int = 0
    best: TrialFinished | None = None
    started_s: float | None = None
    stops_s: float | None = None
    ends_s: tuple[float, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, event: StudyStarted) -> Study:
        """Return a study before its first trial."""
        started_s = event.timestamp_ms / 1000
        return cls(
            task=event.task,
            n_trials=event.n_trials,
            started_s=started_s,
            stops_s=None if event.timeout_s is None else started_s + event.timeout_s,
        )

    def after(self, trial: TrialFinished) -> Study:
        """Return the study with one more trial."""
        started_s, ends_s = self.started_s, self.ends_s
        if not trial.is_earlier:
            started_s = trial.started_ms / 1000 if started_s is None else started_s
            ends_s = (*(ends_s or (started_s,)), trial.timestamp_ms / 1000)[-WINDOW - 1 :]
        return dataclasses.replace(
            self,
            n_done=self.n_done + 1,
            n_earlier=self.n_earlier + trial.is_earlier,
            n_pruned=self.n_pruned + (trial.state == "pruned"),
            n_failed=self.n_failed + (trial.state == "failed"),
            best=trial if _is_better(trial, self.best) else self.best,
            started_s=started_s,
            ends_s=ends_s,
        )

    @property
    def is_complete(self) -> bool:
        """Whether all trials are done."""
        return self.n_trials is not None and self.n_done >= self.n_trials

    @property
    def rate(self) -> float | None:
        """New trials per second of late; None while it is not known."""
        return _rate(len(self.ends_s) - 1, self.ends_s[0], self.ends_s[-1]) if self.ends_s else None

    @property
    def mean_rate(self) -> float | None:
        """New trials per second since the start; None while it is not known."""
        if self.started_s is None or not self.ends_s:
            return None
        return _rate(self.n_done - self.n_earlier, self.started_s, self.ends_s[-1])

    def left_s(self, now_s: float) -> float | None:
        """Return the seconds until the last trial will have ended; None while it is not known."""
        if self.n_trials is None or self.rate is None:
            return None
        end_s = self.ends_s[-1] + (self.n_trials - self.n_done) / self.rate
        if self.stops_s is not None:
            end_s = min(end_s, self.stops_s)
        return max(end_s - now_s, 0.0)


def _is_better(trial: TrialFinished, best: TrialFinished | None) -> bool:
    """Return whether a trial is the best so far; greater values are better."""
    if trial.state != "complete" or trial.value is None or math.isnan(trial.value):
        return False
    return best is None or best.value is None or trial.value > best.value


def _rate(n_trials: int, started_s: float, ended_s: float) -> float | None:
    span_s = ended_s - started_s
    return n_trials / span_s if n_trials and span_s > 0 else None
