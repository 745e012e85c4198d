"""What the log tells of a study: a line per trial, or a second, why trials failed, and the end."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.launch.terminal.study_words import in_words, one_line, trial_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runforest.launch.terminal.study_progress import Study
    from runforest.run.events import TrialFinished

BURST = 10
"""Lines that a study may tell at once; beyond that they come in intervals."""

INTERVAL_S = (1.0, 10.0)
"""Seconds between the lines of a fast study: a hundredth of its duration, within these bounds."""

MAX_REASONS = 10
"""Distinct reasons of failed trials that are told of a study."""

_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line to tell; `is_detail` when a live line shows as much."""

    text: str
    level: int = logging.INFO
    is_detail: bool = False


class StudyLines:
    """The lines that are told of one study: its trials, summed up when they are many."""

    def __init__(self, study: Study, clock: Callable[[], float]) -> None:
        self.study = study
        self._clock = clock
        self._credit: float = BURST
        self._started_s = self._credited_s = clock()
        self._n_held = 0
        self._n_told_at_end = 0
        self._has_told_earlier = False
        self._reasons: Counter[str] = Counter()

    def of_earlier(self, n_earlier: int) -> Iterator[Line]:
        """Tell once that the study goes on from an earlier one."""
        if n_earlier and not self._has_told_earlier:
            self._has_told_earlier = True
            trials = "trial" if n_earlier == 1 else "trials"
            yield Line(text=f"{self.study.task} goes on from {n_earlier} finished {trials}")

    def of_trial(self, trial: TrialFinished) -> Iterator[Line]:
        """Tell of a trial, now or together with later ones."""
        self.study = self.study.after(trial)
        if not trial.is_earlier:
            yield from self.of_earlier(self.study.n_earlier)
            yield from self._of_reason(trial)
            yield from self._of_pace(trial)
        if self.study.is_complete:
            yield from self.of_end()

    def of_end(self) -> Iterator[Line]:
        """Tell, once, what the study came to."""
        if self.study.n_done == self._n_told_at_end:
            return
        self._n_told_at_end, self._n_held = self.study.n_done, 0
        for reason, count in self._reasons.items():
            if count > 1:
                text = f"{self.study.task} {count} trials failed: {reason}"
                yield Line(text=text, level=logging.WARNING)
        yield Line(text=in_words(self.study))

    def _of_reason(self, trial: TrialFinished) -> Iterator[Line]:
        """Tell why the trial failed, if none failed so before."""
        reason = one_line(trial.reason or "")[:_REASON_LENGTH]
        if not reason or (reason not in self._reasons and len(self._reasons) == MAX_REASONS):
            return
        self._reasons[reason] += 1
        if self._reasons[reason] == 1:
            text = f"{self.study.task} trial {trial.number} failed: {reason}"
            yield Line(text=text, level=logging.WARNING)

    def _of_pace(self, trial: TrialFinished) -> Iterator[Line]:
        """Tell of the trial, or sum up those held back, as soon as a line is due."""
        now_s = self._gain_credit()
        self._n_held += 1
        is_for_end = self.study.is_complete and self._n_held > 1
        if self._credit < 1 or is_for_end:
            return
        is_alone = self._n_held == 1 and self._credit >= 2  # noqa: PLR2004 - or it was fast just now
        self._credit -= 1
        self._n_held = 0
        text = trial_line(self.study.task, trial) if is_alone else in_words(self.study, now_s)
        yield Line(text=text, is_detail=True)

    def _gain_credit(self) -> float:
        """Add the lines that the time since the last call is good for; return the time."""
        now_s = self._clock()
        least, most = INTERVAL_S
        interval_s = min(max((now_s - self._started_s) / 100, least), most)
        gained = max(now_s - self._credited_s, 0.0) / interval_s
        self._credit = min(self._credit + gained, BURST)
        self._credited_s = now_s
        return now_s
