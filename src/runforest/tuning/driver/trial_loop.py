"""The loop of a study: trials are started while there is room, and computed unit by unit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
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
from uuid import uuid4

import numpy as np

from runforest.foundation.errors import StudyError, kind_and_text
from runforest.foundation.redact import known_secrets, redact
from runforest.tuning.driver.running_trial import UID_ATTRIBUTE, RunningTrial

if TYPE_CHECKING:
    import optuna

    from runforest.tuning.driver.ask_tell import AskTell
    from runforest.tuning.driver.schedules import Schedule
    from runforest.tuning.study.spec import StudySpec

UID_LENGTH = 12
Suggest = Callable[["optuna.Trial"], dict[str, object]]


@dataclass(kw_only=True)
class TrialLoop:
    """The running trials of one driver."""

    study: StudySpec
    schedule: Schedule
    ask_tell: AskTell
    executor: Executor
    suggest: Suggest
    running: dict[Future[Any], RunningTrial] = field(default_factory=dict)

    def finished(
        self,
        n_jobs: int,
        *,
        on_start: Callable[[RunningTrial], None],
        is_stopping: Callable[[], bool],
    ) -> Generator[RunningTrial]:
        """Yield each trial when it ends; the caller reports it to Optuna before it takes the next.

        `on_start` gets each trial before its first unit of work; `is_stopping` returns whether to
        start no more.
        """
        timeout_s = self.study.timeout_s
        deadline_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        try:
            while True:
                while (
                    len(self.running) < n_jobs
                    and self.ask_tell.n_started < self.study.n_possible
                    and not is_stopping()
                    and time.monotonic() < deadline_s
                ):
                    running = self._next_trial()
                    on_start(running)
                    self._submit(running)
                if not self.running:
                    return
                yield from self._next_finished()
        finally:
            for future in self.running:
                future.cancel()

    def _next_trial(self) -> RunningTrial:
        trial = self.ask_tell.ask()
        params = _plain_params(trial, self.suggest(trial))
        uid = str(trial.user_attrs.get(UID_ATTRIBUTE) or uuid4().hex[:UID_LENGTH])
        return RunningTrial(uid=uid, trial=trial, params=params)

    def _submit(self, running: RunningTrial) -> None:
        self.running[self.executor.submit(self.schedule.next_unit(running))] = running

    def _next_finished(self) -> Generator[RunningTrial]:
        """Wait for a unit of work; yield the trials that it ends, also if the executor broke."""
        done = wait(self.running, return_when=FIRST_COMPLETED).done
        finished, broken = [], None
        # In the order of starting: `done` is a set, whose order differs from run to run.
        for future in [future for future in self.running if future in done]:
            running = self.running.pop(future)
            try:
                self._take(running, future)
                if running.state is None:
                    self._submit(running)
                    continue
            except BrokenExecutor as error:
                broken = error
                continue
            running.duration_s = time.perf_counter() - running.clock_s
            finished.append(running)
        yield from finished
        if broken:
            raise broken

    def _take(self, running: RunningTrial, future: Future[Any]) -> None:
        """Add the result of a unit of work to its trial, and end it where that is due."""
        error = _error_of(future)
        if error is not None:
            running.reason = redact(kind_and_text(error), known_secrets())
        else:
            self.schedule.take(running, future.result())
            running.reason = self._undefined_score(running)
        if running.reason is not None:
            running.state = "failed"
            return
        reported = self.schedule.report(running)
        if reported:
            running.trial.report(*reported)
        if self.schedule.is_over(running):
            running.state = "complete"
        elif running.trial.should_prune():
            running.state = "pruned"

    def _undefined_score(self, running: RunningTrial) -> str | None:
        for number, scores in enumerate(running.scores):
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


def _plain_params(trial: optuna.Trial, suggested: Mapping[str, object]) -> dict[str, object]:
    """Return the suggested parameters as the trainer will read them from JSON.

    NumPy's numbers become Python's, tuples become lists. StudyError: JSON knows no such parameter,
    or no such choice of the trial.
    """
    for name, distribution in trial.distributions.items():
        for choice in getattr(distribution, "choices", ()):
            if not isinstance(choice, str | int | float | None):
                message = (
                    f"the choices of `{name}` hold a {type(choice).__name__}, which no record can "
                    "keep. Let the trial choose among texts or numbers, and look up in suggest() "
                    "what they stand for."
                )
                raise StudyError(message)
    params = {}
    for name, value in suggested.items():
        try:
            params[name] = _plain(value)
        except TypeError as error:
            message = (
                f"suggest() returned {error} for `{name}`, which no record can keep. Return a text "
                "or a number, and make the object from it in a subclass of the estimator."
            )
            raise StudyError(message) from None
    return params


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        unknown = next((key for key in value if not isinstance(key, str)), None)
        if unknown is not None:
            message = f"a dict with the key {unknown!r}"
            raise TypeError(message)
        return {key: _plain(each) for key, each in value.items()}
    message = f"a {type(value).__name__}"
    raise TypeError(message)
