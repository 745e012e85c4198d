"""Which estimators can be trained in steps, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from runforest.model.estimators import build_estimator
from runforest.model.stepwise.boosters import BOOSTERS, is_from
from runforest.model.stepwise.passes import Batches, Epochs
from runforest.model.stepwise.warm_start import WarmStart, grows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.estimators import EstimatorSpec

REMEDY = (
    "Name one that can: a random forest, extra trees, bagging or gradient boosting of "
    "scikit-learn, one with `partial_fit` (SGDClassifier, MLPRegressor...), or one of XGBoost, "
    "LightGBM or CatBoost; or set prune_by = folds."
)


@dataclass(frozen=True, kw_only=True)
class StepWork:
    """What one step has to do: take a model from `start` iterations to `stop` of `total`."""

    rows: NDArray[np.generic]
    """The training rows, (n_rows, n_columns), as the features made them."""
    values: NDArray[np.generic]
    start: int
    stop: int
    total: int
    seed: int


class Trainer(Protocol):
    """Trains an estimator in steps. A template is one as specified and not fitted."""

    def problem(self, template: BaseEstimator) -> str | None:
        """Return which of the template's parameters hinders it, and the remedy; None if none."""

    def total(self, template: BaseEstimator, n_steps: int) -> int:
        """Return the number of iterations of the whole training."""

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Return the model with the work done; `fitted` is the one so far, and stays as it is."""


def find_trainer(spec: EstimatorSpec) -> Trainer:
    """Return the first trainer that suits an estimator.

    Raises
    ------
    ValueError
        None does, or not with these parameters; the message names the remedy.
    """
    template = build_estimator(spec)
    name = type(template).__name__
    trainer = next((trainer for suits, trainer in TRAINERS if suits(template)), None)
    if trainer is None:
        message = f"{name} cannot be trained in steps. {REMEDY}"
        raise ValueError(message)
    problem = trainer.problem(template)
    if problem:
        message = f"{name} cannot be trained in steps with {problem}"
        raise ValueError(message)
    return trainer


def _has_epochs(template: BaseEstimator) -> bool:
    return _takes_batches(template) and "max_iter" in template.get_params()


def _takes_batches(template: BaseEstimator) -> bool:
    # Of the class: an MLP hides the method while its solver cannot use it, which is a problem of
    # its parameters.
    return hasattr(type(template), "partial_fit")


TRAINERS: tuple[tuple[Callable[[BaseEstimator], bool], Trainer], ...] = (
    *((is_from(package), booster) for package, booster in BOOSTERS.items()),
    (grows, WarmStart()),
    (_has_epochs, Epochs()),
    (_takes_batches, Batches()),
)
"""Whom a trainer suits -> the trainer. scikit-learn's `warm_start` alone is no sign of one: linear
models and MLPs take it for a starting point, from which the optimiser begins its schedule anew."""
