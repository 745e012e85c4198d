"""How a trial is cut into units of work: whole, fold by fold, step by step, or by rounds.

Only what is cut can be pruned: the pruner decides after each unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from runforest.model.boosting.folds import is_booster
from runforest.tuning.driver.work import FoldPlan, advance_folds, boost_part, score_folds
from runforest.tuning.samplers.pruners import PRUNERS, growing_steps

if TYPE_CHECKING:
    from runforest.model.boosting.folds import BoostedFolds
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.spec import StudySpec

Unit = partial[Any]
"""A pure function with its arguments, to be sent to a worker."""


@dataclass(frozen=True, kw_only=True)
class FoldByFold:
    """What a trial does next: a fold, which is a step of the pruner; without a pruner all folds."""

    study: StudySpec
    plan: FoldPlan

    def next_unit(self, running: RunningTrial) -> Unit:
        """Return the next unit of work."""
        n_folds, n_done = self.study.n_folds, len(running.scores)
        end = n_folds if self.study.pruner == "none" else n_done + 1
        folds = tuple(range(n_done, end))
        spec = _estimator(self.study, running)
        return partial(score_folds, self.plan, spec, self.study.objectives, folds)

    def take(self, running: RunningTrial, result: Any) -> None:  # noqa: ANN401 - what a unit returns
        """Add the result of a unit of work."""
        running.scores += result

    def is_over(self, running: RunningTrial) -> bool:
        """Return whether all units are done."""
        return len(running.scores) == self.study.n_folds

    def report(self, running: RunningTrial) -> tuple[float, int] | None:
        """Return value and step for the pruner: the mean so far, or the last fold's score."""
        if self.study.pruner == "none":
            return None
        scores = [score for score, *_ in running.scores]
        is_single = PRUNERS[self.study.pruner].compares_folds
        return (scores[-1] if is_single else fmean(scores)), len(scores)


@dataclass(frozen=True, kw_only=True)
class StepByStep:
    """What a trial does next: a step of the training, of all folds, which is one of the pruner."""

    study: StudySpec
    plan: FoldPlan

    def next_unit(self, running: RunningTrial) -> Unit:
        """Return the next unit of work."""
        return partial(
            advance_folds,
            self.plan,
            _estimator(self.study, running),
            self.study.objectives,
            states=tuple(running.models),
            step=running.steps_done + 1,
            n_steps=self.study.n_steps,
        )

    def take(self, running: RunningTrial, result: Any) -> None:  # noqa: ANN401 - what a unit returns
        """Replace the scores and the models by those of the step."""
        running.scores, running.models = result
        running.steps_done += 1

    def is_over(self, running: RunningTrial) -> bool:
        """Return whether the models are trained to the end."""
        return running.steps_done == self.study.n_steps

    def report(self, running: RunningTrial) -> tuple[float, int] | None:
        """Return the mean over all folds after this step."""
        return fmean(score for score, *_ in running.scores), running.steps_done


@dataclass(frozen=True, kw_only=True)
class ByRounds:
    """What a booster's trial does next: a training of all folds up to the pruner's next decision.

    Each begins anew, since no library continues a training exactly as if it had not been
    interrupted. The steps grow, so that all of them together cost at most twice the last one.
    """

    study: StudySpec
    plan: FoldPlan

    def next_unit(self, running: RunningTrial) -> Unit:
        """Return the next unit of work."""
        return partial(
            boost_part,
            self.plan,
            _estimator(self.study, running),
            self.study.objectives,
            step=self._step(running),
            n_steps=self.study.n_steps,
        )

    def take(self, running: RunningTrial, result: BoostedFolds) -> None:
        """Replace the scores by those of the longer training."""
        running.steps_done = self._step(running)
        running.scores, running.is_over = result.scores, result.is_over
        if self.study.estimator.early_stopping_rounds:
            running.n_rounds = result.n_rounds

    def is_over(self, running: RunningTrial) -> bool:
        """Return whether more rounds would change nothing."""
        return running.is_over

    def report(self, running: RunningTrial) -> tuple[float, int] | None:
        """Return the mean over all folds; with early stopping that of the best round so far."""
        if self.study.pruner == "none":
            return None
        return fmean(score for score, *_ in running.scores), running.steps_done

    def _step(self, running: RunningTrial) -> int:
        steps = growing_steps(self.study)
        return next(step for step in steps if step > running.steps_done)


Schedule = FoldByFold | StepByStep | ByRounds


def make_schedule(study: StudySpec, plan: FoldPlan) -> Schedule:
    """Return how the trials of a study are cut."""
    is_by_step = study.pruner != "none" and study.prune_by == "iterations"
    if study.estimator.early_stopping_rounds or (is_by_step and is_booster(study.estimator)):
        return ByRounds(study=study, plan=plan)
    return (StepByStep if is_by_step else FoldByFold)(study=study, plan=plan)


def _estimator(study: StudySpec, running: RunningTrial) -> EstimatorSpec:
    """Return the estimator with the trial's parameters."""
    return replace(study.estimator, params={**study.estimator.params, **running.params})
