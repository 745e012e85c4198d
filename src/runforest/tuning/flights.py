"""Trials in flight: started while there is room, submitted fold by fold or whole, and landed."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runforest.tuning.space import grid_size
from runforest.tuning.trials import TrialRecord, TrialState
from runforest.tuning.work import FoldPlan, score_folds

if TYPE_CHECKING:
    import optuna

    from runforest.estimators import EstimatorSpec
    from runforest.tuning.asking import AskTell
    from runforest.tuning.study import StudySpec

Suggest = Callable[["optuna.Trial"], dict[str, object]]


@dataclass(kw_only=True)
class Flight:
    """A trial from its start to its end."""

    trial: optuna.Trial
    params: dict[str, object]
    state: TrialState | None = None  # None: still in flight.
    scores: list[float] = field(default_factory=list)
    reason: str | None = None
    started_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    clock_s: float = field(default_factory=time.perf_counter)
    duration_s: float = 0.0

    def record(self, number: int) -> TrialRecord:
        """Return the record of a landed trial."""
        is_complete = self.state == "complete"
        return TrialRecord(
            number=number,
            params=self.params,
            state=self.state or "failed",
            value=statistics.fmean(self.scores) if is_complete else None,
            std=statistics.pstdev(self.scores) if is_complete else None,
            fold_scores=tuple(self.scores),
            started_ms=self.started_ms,
            duration_s=self.duration_s,
            reason=self.reason,
        )


@dataclass(kw_only=True)
class Flights:
    """The trials of one driver that are being scored."""

    study: StudySpec
    plan: FoldPlan
    asking: AskTell
    executor: Executor
    suggest: Suggest
    in_air: dict[Future[list[float]], Flight] = field(default_factory=dict)

    def landed(self, n_jobs: int) -> Generator[Flight]:
        """Yield each trial when it ends, until all are done; tell its end before the next one."""
        timeout_s = self.study.timeout_s
        deadline_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        n_trials = self._n_trials()
        try:
            while True:
                while len(self.in_air) < n_jobs and self.asking.n_asked < n_trials:
                    if time.monotonic() >= deadline_s:
                        break
                    self._start()
                if not self.in_air:
                    return
                yield from self._settle()
        finally:
            for future in self.in_air:
                future.cancel()

    def _n_trials(self) -> int:
        size = grid_size(self.study.space) if self.study.sampler == "grid" else None
        return self.study.n_trials if size is None else min(size, self.study.n_trials)

    def _start(self) -> None:
        trial = self.asking.ask()
        self._submit(Flight(trial=trial, params=self.suggest(trial)))

    def _submit(self, flight: Flight) -> None:
        """Send the next fold of a trial, or all of them where nothing prunes."""
        done = len(flight.scores)
        numbers = (done,) if self._prunes else tuple(range(self.study.n_folds))
        estimator = self._estimator(flight.params)
        scorer = self.study.scorer
        future = self.executor.submit(score_folds, self.plan, estimator, scorer, numbers)
        self.in_air[future] = flight

    @property
    def _prunes(self) -> bool:
        return self.study.pruner != "none"

    def _estimator(self, params: dict[str, object]) -> EstimatorSpec:
        fixed = self.study.estimator
        return replace(fixed, params={**fixed.params, **params})

    def _settle(self) -> list[Flight]:
        """Wait for a unit of work; return the trials that it ends."""
        done = wait(self.in_air, return_when=FIRST_COMPLETED).done
        landed = []
        # In the order of starting: `done` is a set, whose order differs from run to run.
        for future in [future for future in self.in_air if future in done]:
            flight = self.in_air.pop(future)
            self._take(flight, future)
            if flight.state is None:
                self._submit(flight)
            else:
                flight.duration_s = time.perf_counter() - flight.clock_s
                landed.append(flight)
        return landed

    def _take(self, flight: Flight, future: Future[list[float]]) -> None:
        """Add the scores of a unit of work to its trial, and end it where that is due."""
        error = future.exception()
        if error is not None:
            if not isinstance(error, Exception) or isinstance(error, BrokenExecutor):
                raise error
            flight.state, flight.reason = "failed", f"{type(error).__name__}: {error}"
            return
        flight.scores += future.result()
        flight.reason = _undefined_score(flight.scores)
        if flight.reason:
            flight.state = "failed"
            return
        if self._prunes:
            self.asking.report(flight.trial, flight.scores)
        if len(flight.scores) == self.study.n_folds:
            flight.state = "complete"
        elif flight.trial.should_prune():
            flight.state = "pruned"


def _undefined_score(scores: list[float]) -> str | None:
    for number, score in enumerate(scores, start=1):
        if not math.isfinite(score):
            return f"the score of fold {number} is {score}."
    return None
