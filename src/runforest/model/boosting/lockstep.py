"""The folds of a training, round by round together: the mean of their scores says when to stop."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a fold learns after a round: whether to go on, and whether the round was the best."""

    goes_on: bool
    is_best: bool


class Lockstep:
    """Decides after each round of all folds.

    The best round is the first with the best mean. A fold that cannot be trained further counts
    with its last score.

    Parameters
    ----------
    n_folds
        How many trainings there are, each in a thread of its own.
    patience
        Rounds without a better mean after which the training ends; 0 for no such end.
    sign
        1 where more is better, -1 where less is.
    """

    def __init__(self, n_folds: int, *, patience: int, sign: int) -> None:
        self.n_rounds = self.best_round = 0
        self.has_converged = self._is_ending = False
        self._best = -math.inf
        self._patience, self._sign = patience, sign
        self._curves: list[list[float]] = [[] for _ in range(n_folds)]
        self._running = set(range(n_folds))
        self._changed = threading.Condition()

    def judge(self, fold: int, score: float) -> Verdict:
        """Add the score of a fold's round; return what comes next once all folds have theirs."""
        curve = self._curves[fold]
        with self._changed:
            curve.append(score)
            self._count_rounds()
            self._changed.wait_for(lambda: self.n_rounds >= len(curve) or self._is_ending)
            is_last = self.has_converged or self._is_ending
            return Verdict(goes_on=not is_last, is_best=self.best_round == len(curve))

    def length(self, fold: int) -> int:
        """Return how many rounds a fold was trained."""
        return len(self._curves[fold])

    def leave(self, fold: int) -> None:
        """Go on without a fold whose training has ended."""
        with self._changed:
            self._running.discard(fold)
            self._count_rounds()
            self._changed.notify_all()

    def stop(self) -> None:
        """End all trainings after their round."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def _count_rounds(self) -> None:
        running = [self._curves[fold] for fold in self._running]
        while running and not self._is_ending and min(map(len, running)) > self.n_rounds:
            place = self.n_rounds
            self._judge_mean(fmean(curve[min(place, len(curve) - 1)] for curve in self._curves))
            self._changed.notify_all()

    def _judge_mean(self, mean: float) -> None:
        self.n_rounds += 1
        if self._sign * mean > self._best:
            self._best, self.best_round = self._sign * mean, self.n_rounds
        elif self._patience and self.n_rounds - self.best_round >= self._patience:
            self.has_converged = True


def run_together(lockstep: Lockstep, trainings: Sequence[Callable[[], None]]) -> None:
    """Run the training of each fold in a thread; raise the first error of the first fold with one.

    The threads take turns where there is one core: what they cost together is what one after the
    other would cost.
    """
    errors: dict[int, BaseException] = {}

    def run(fold: int) -> None:
        try:
            trainings[fold]()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread of the caller
            errors[fold] = error
            lockstep.stop()
        finally:
            lockstep.leave(fold)

    threads = [
        threading.Thread(target=run, args=(fold,), name=f"fold {fold}", daemon=True)
        for fold in range(len(trainings))
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        lockstep.stop()
    if errors:
        raise errors[min(errors)]
