"""Trials in flight: started while there is room, submitted unit by unit, and landed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runforest.errors import kind_and_text
from runforest.redact import known_secrets, redact
from runforest.tuning.driver.running_trial import UID_ATTRIBUTE, Flight, new_uid
from runforest.tuning.space.suggested_params import plain_params

if TYPE_CHECKING:
    import optuna

    from runforest.tuning.driver.ask_tell import AskTell
    from runforest.tuning.driver.schedules import Schedule
    from runforest.tuning.study.spec import StudySpec

Suggest = Callable[["optuna.Trial"], dict[str, object]]


@dataclass(kw_only=True)
class Flights:
    """The trials of one driver that are being scored.

    `on_start` is told of each before its first unit of work; `is_stopping` says whether to start
    no more.
    """

    study: StudySpec
    schedule: Schedule
    asking: AskTell
    executor: Executor
    suggest: Suggest
    on_start: Callable[[Flight], None]
    is_stopping: Callable[[], bool]
    in_air: dict[Future[Any], Flight] = field(default_factory=dict)

    def landed(self, n_jobs: int) -> Generator[Flight]:
        """Yield each trial when it ends, until all are done; tell its end before the next one."""
        timeout_s = self.study.timeout_s
        deadline_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        try:
            while True:
                while len(self.in_air) < n_jobs and self.asking.n_asked < self.study.n_possible:
                    if self.is_stopping() or time.monotonic() >= deadline_s:
                        break
                    self._start()
                if not self.in_air:
                    return
                yield from self._settle()
        finally:
            for future in self.in_air:
                future.cancel()

    def _start(self) -> None:
        trial = self.asking.ask()
        uid = str(trial.user_attrs.get(UID_ATTRIBUTE) or new_uid())
        flight = Flight(uid=uid, trial=trial, params=plain_params(trial, self.suggest(trial)))
        self.on_start(flight)
        self._submit(flight)

    def _submit(self, flight: Flight) -> None:
        self.in_air[self.executor.submit(self.schedule.next_unit(flight))] = flight

    def _settle(self) -> Generator[Flight]:
        """Wait for a unit of work; yield the trials that it ends, also if the executor broke."""
        done = wait(self.in_air, return_when=FIRST_COMPLETED).done
        landed, broken = [], None
        # In the order of starting: `done` is a set, whose order differs from run to run.
        for future in [future for future in self.in_air if future in done]:
            flight = self.in_air.pop(future)
            try:
                self._take(flight, future)
                if flight.state is None:
                    self._submit(flight)
                    continue
            except BrokenExecutor as error:
                broken = error
                continue
            flight.land()
            landed.append(flight)
        yield from landed
        if broken:
            raise broken

    def _take(self, flight: Flight, future: Future[Any]) -> None:
        """Add the result of a unit of work to its trial, and end it where that is due."""
        error = _error_of(future)
        if error is not None:
            reason = redact(kind_and_text(error), known_secrets())
            flight.state, flight.reason = "failed", reason
            return
        self.schedule.take(flight, future.result())
        flight.reason = self._undefined_score(flight)
        if flight.reason:
            flight.state = "failed"
            return
        reported = self.schedule.report(flight)
        if reported:
            value, step = reported
            flight.trial.report(value, step)
        if self.schedule.is_over(flight):
            flight.state = "complete"
        elif flight.trial.should_prune():
            flight.state = "pruned"

    def _undefined_score(self, flight: Flight) -> str | None:
        for number, scores in enumerate(flight.scores):
            for objective, score in zip(self.study.objectives, scores, strict=True):
                if not math.isfinite(score):
                    return f"the score ({objective}) of fold {number} is {score}."
        return None


def _error_of(future: Future[Any]) -> Exception | None:
    """Return the error that fails a trial; raise one that ends the study."""
    if future.cancelled():
        message = "the executor gave up a unit of work"
        raise BrokenExecutor(message)
    error = future.exception()
    if isinstance(error, CancelledError):
        raise BrokenExecutor(str(error)) from error
    if error is None or (isinstance(error, Exception) and not isinstance(error, BrokenExecutor)):
        return error
    raise error
