"""When the trials of a study ended, whoever ran it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.polynomial import Polynomial

from benchmarks.measure import BenchmarkError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Seconds since 1970, on one clock for all processes.

    Attributes
    ----------
    started
        Start of the first trial.
    landed
        End of the first trial's work.
    ended
        The end of each trial, in order: tracked, when the store said so; else its work's end.
    memory_mib
        Greatest memory of a process of the study.
    """

    started: float
    landed: float
    ended: tuple[float, ...]
    memory_mib: float = 0.0

    @property
    def ms_a_trial(self) -> float:
        """What each trial after the first one took: that one pays for imports and new workers."""
        return 1000 * (self.ended[-1] - self.landed) / (len(self.ended) - 1)

    def seconds(self, first: int, last: int) -> float:
        """Return how long the trials `first` to `last` took together.

        They are counted from 1; of the first one, the work is left out.
        """
        begin = self.landed if first == 1 else self.ended[first - 2]
        return self.ended[last - 1] - begin

    def growth(self, n: int) -> float:
        """Return how long one of the last `n` trials took, as a multiple of one of the first `n`.

        The slopes in the middle of both of a parabola, fitted to the whole study: a recorder may
        write many trials at once, so only the last of those that came together counts, and not
        those that came at the end, for which it did not wait as long.
        """
        pairs = zip(self.ended, (*self.ended[1:], float("inf")), strict=True)
        came = [number for number, (time_s, next_s) in enumerate(pairs) if next_s > time_s]
        times_s = [self.ended[number] - self.landed for number in came[:-1]]
        pace = Polynomial.fit(came[:-1], times_s, deg=2).deriv()
        return float(pace(len(self.ended) - n / 2) / pace(n / 2))


def read_timeline(path: Path, *, n_trials: int) -> Timeline:
    """Read the times that a script wrote: `{"started": s, "ended": [s, ...]}`.

    Raises
    ------
    BenchmarkError
        The script did not run as many trials as it was told to.
    """
    times = json.loads(path.read_text(encoding="utf-8"))
    ended = tuple(times["ended"])
    if len(ended) != n_trials:
        message = f"{path} tells of {len(ended)} trials instead of {n_trials}."
        raise BenchmarkError(message)
    return Timeline(started=times["started"], landed=ended[0], ended=ended)
