"""How far a study is: counts, best trial, pace, and the texts that say so."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.run.events import StudyStarted, TrialFinished

_REASON_LENGTH = 300


@dataclass(kw_only=True)
class StudyProgress:
    """The trials of a study so far; times are in seconds on the caller's clock.

    Trials that earlier runs computed count as done, but not into the pace.
    """

    start: StudyStarted
    started_s: float
    logged_s: float
    best: TrialFinished | None = None
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, trial: TrialFinished) -> None:
        """Count a finished trial."""
        if not trial.is_earlier:
            self.states[trial.state] += 1
        value = trial.value if trial.state == "complete" else None
        if value is None:
            return
        sign = -1 if self.start.is_lower_better else 1
        if self.best is None or sign * value > sign * self.best_value:
            self.best = trial

    @property
    def best_value(self) -> float:
        """The score of the best trial so far; NaN before there is one."""
        value = self.best.value if self.best else None
        return math.nan if value is None else value

    @property
    def n_done(self) -> int:
        """Number of finished trials, those of earlier runs included."""
        return self.start.n_earlier + self.states.total()

    @property
    def best_text(self) -> str:
        """The best score so far, and which trial has it."""
        if self.best is None:
            return ""
        trial = f"trial {self.best.number}: {params_text(self.best.params)}"
        score = f"best {self.start.objective}".rstrip()
        return f"{score} {value_text(self.best_value)} ({trial})"

    def left_text(self, now_s: float) -> str:
        """Return how long the rest takes at the pace so far, at most until the timeout."""
        spans = []
        n_own, elapsed_s = self.states.total(), now_s - self.started_s
        if n_own:
            spans.append((self.start.n_trials - self.n_done) * elapsed_s / n_own)
        if self.start.timeout_s:
            spans.append(self.start.timeout_s - elapsed_s)
        return f"{span_text(max(min(spans), 0))} left" if spans else ""

    def text(self) -> str:
        """Return what the study came to, in a line."""
        parts = [f"{self.start.task} {self._count_text}", self.best_text]
        parts += [f"{self.states[one]} {one}" for one in ("pruned", "failed") if self.states[one]]
        return ", ".join(filter(None, parts))

    def trial_text(self, trial: TrialFinished, now_s: float) -> str:
        """Return a finished trial, and how far the study is, in a line."""
        score = "" if trial.value is None else f" {value_text(trial.value)}"
        what = f"{trial.task} trial {trial.number} {trial.state}{score}"
        best = self.best_text.partition(" (")[0]
        parts = (self._count_text, best, self.left_text(now_s))
        return f"{what} ({params_text(trial.params)}): {', '.join(filter(None, parts))}"

    @property
    def _count_text(self) -> str:
        return f"{self.n_done}/{self.start.n_trials} trials"


def reason_text(trial: TrialFinished) -> str:
    """Return why a trial failed, in a line of bounded length."""
    return one_line(trial.reason or "")[:_REASON_LENGTH]


def params_text(params: Mapping[str, object]) -> str:
    """Return parameters in short.

    >>> params_text({"alpha": 0.123456, "kind": "l2"})
    'alpha 0.1235, kind l2'
    """
    return one_line(
        ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in params.items()
        )
    )


def value_text(value: float) -> str:
    """Return a score in short.

    >>> value_text(0.83124), value_text(-123456.7), value_text(0.0000123)
    ('0.8312', '-1.2346e+05', '1.23e-05')
    """
    is_plain = value == 0 or 1e-3 <= abs(value) < 1e5  # noqa: PLR2004 - legible with four decimals
    return f"{value:.4f}" if is_plain else f"{value:.5g}"


def span_text(span_s: float) -> str:
    """Return a time to wait, roughly.

    >>> span_text(20.4), span_text(125), span_text(7500)
    ('20 s', '2 min', '2 h 5 min')
    """
    if span_s < 99.5:  # noqa: PLR2004 - two digits
        return f"{span_s:.0f} s"
    minutes = round(span_s / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - two digits


def one_line(text: str) -> str:
    r"""Return a text without line breaks and control characters.

    >>> one_line("a\n  b\x1b[2J")
    'a b [2J'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
