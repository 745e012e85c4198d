"""How a trial is cut into units of work: whole, fold by fold, or step by step.

Only what is cut can be pruned: after each unit the pruner is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

from runforest.tuning.driver.work import FoldPlan, advance_folds, score_folds
from runforest.tuning.samplers.table import PRUNERS

if TYPE_CHECKING:
    from runforest.model.estimators import EstimatorSpec
    from runforest.tuning.driver.running_trial import Flight
    from runforest.tuning.study.spec import StudySpec

Unit = partial[Any]
"""A pure function with its arguments, to be sent to a worker."""


class Schedule(Protocol):
    """What a trial does next, and what the pruner hears of it."""

    def next_unit(self, flight: Flight) -> Unit:
        """Return the next unit of work."""

    def take(self, flight: Flight, result: Any) -> None:  # noqa: ANN401 - what the unit returns
        """Add the result of a unit of work."""

    def is_over(self, flight: Flight) -> bool:
        """Return whether all units are done."""

    def report(self, flight: Flight) -> tuple[float, int] | None:
        """Return the value and the step that the pruner is told; None where nothing prunes."""


@dataclass(frozen=True, kw_only=True)
class _Schedule:
    study: StudySpec
    plan: FoldPlan

    def estimator(self, flight: Flight) -> EstimatorSpec:
        """Return the estimator with the trial's parameters."""
        fixed = self.study.estimator
        return replace(fixed, params={**fixed.params, **flight.params})


class WholeTrials(_Schedule):
    """All folds in one unit."""

    def folds(self, flight: Flight, numbers: tuple[int, ...]) -> Unit:
        """Return the unit that scores the numbered folds."""
        spec = self.estimator(flight)
        return partial(score_folds, self.plan, spec, self.study.objectives, numbers)

    def next_unit(self, flight: Flight) -> Unit:
        """Return all folds."""
        return self.folds(flight, tuple(range(self.study.n_folds)))

    def take(self, flight: Flight, result: Any) -> None:  # noqa: ANN401
        """Add the scores of all folds."""
        flight.scores += result

    def is_over(self, flight: Flight) -> bool:
        """Return whether the folds are scored."""
        return bool(flight.scores)

    def report(self, flight: Flight) -> tuple[float, int] | None:  # noqa: ARG002
        """Return nothing."""
        return None


class FoldByFold(WholeTrials):
    """A unit per fold; a step of the pruner is a fold, counted from 1."""

    def next_unit(self, flight: Flight) -> Unit:
        """Return the next fold."""
        return self.folds(flight, (len(flight.scores),))

    def is_over(self, flight: Flight) -> bool:
        """Return whether all folds are scored."""
        return len(flight.scores) == self.study.n_folds

    def report(self, flight: Flight) -> tuple[float, int] | None:
        """Return the mean of the folds so far, or the last fold's score."""
        scores = [score for score, *_ in flight.scores]
        is_single = PRUNERS[self.study.pruner].compares_folds
        return (scores[-1] if is_single else fmean(scores)), len(scores)


class StepByStep(_Schedule):
    """A unit per step of the training, of all folds; a step of the pruner is one of ours."""

    def next_unit(self, flight: Flight) -> Unit:
        """Return the next step of all folds."""
        return partial(
            advance_folds,
            self.plan,
            self.estimator(flight),
            self.study.objectives,
            states=tuple(flight.models),
            step=flight.steps_done + 1,
            n_steps=self.study.n_steps,
        )

    def take(self, flight: Flight, result: Any) -> None:  # noqa: ANN401
        """Replace the scores and the models by those of the step."""
        flight.scores, flight.models = result
        flight.steps_done += 1

    def is_over(self, flight: Flight) -> bool:
        """Return whether the models are trained to the end."""
        return flight.steps_done == self.study.n_steps

    def report(self, flight: Flight) -> tuple[float, int] | None:
        """Return the mean over all folds after this step."""
        return fmean(score for score, *_ in flight.scores), flight.steps_done


def make_schedule(study: StudySpec, plan: FoldPlan) -> Schedule:
    """Return how the trials of a study are cut."""
    if study.pruner == "none":
        return WholeTrials(study=study, plan=plan)
    kind = StepByStep if study.prune_by == "iterations" else FoldByFold
    return kind(study=study, plan=plan)
