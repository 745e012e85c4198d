"""One step of a training: a pure function from the last step's state to the next one.

The state travels with the work, so that any worker can do any step, and the same step again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.model.estimators import build_estimator, build_pipeline
from runforest.model.stepwise.scikit_learn import (
    Batches,
    Epochs,
    WarmStart,
    grows,
    has_epochs,
    takes_batches,
)
from runforest.model.stepwise.trainer import StepWork
from runforest.model.targets import inner_values, wrap_fitted

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.stepwise.trainer import Trainer
    from runforest.table.roles import Roles

REMEDY = (
    "Name one that can: a random forest, extra trees, bagging or gradient boosting of "
    "scikit-learn, one with `partial_fit` (SGDClassifier, MLPRegressor...), or one of XGBoost, "
    "LightGBM or CatBoost; or set prune_by = folds."
)


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """A model on its way; it is never changed once made.

    After the last step `pipeline` predicts as `build_pipeline(spec, roles).fit(...)` does.
    """

    pipeline: Pipeline
    fitted: BaseEstimator
    """The estimator in the pipeline, without what is around it."""
    n_iterations: int
    """How many of its iterations are due by now; a model that stopped early has fewer."""


TRAINERS: tuple[tuple[Callable[[BaseEstimator], bool], Trainer], ...] = (
    (grows, WarmStart()),
    (has_epochs, Epochs()),
    (takes_batches, Batches()),
)
"""Whom a trainer suits -> the trainer. scikit-learn's `warm_start` alone is no sign of one: linear
models and MLPs take it for a starting point, from which the optimiser begins its schedule anew."""


def stepping_problem(spec: EstimatorSpec) -> str | None:
    """Return why an estimator that can be built cannot be trained in steps, and the remedy."""
    try:
        _find_trainer(spec)
    except ValueError as error:
        return str(error)
    return None


def _find_trainer(spec: EstimatorSpec) -> Trainer:
    template = build_estimator(spec)
    trainer = next((trainer for suits, trainer in TRAINERS if suits(template)), None)
    problem = trainer.problem(template) if trainer else None
    if trainer and not problem:
        return trainer
    message = f"{type(template).__name__} cannot be trained in steps"
    raise ValueError(f"{message} with {problem}" if problem else f"{message}. {REMEDY}")


def advance(
    spec: EstimatorSpec,
    state: ModelState | None,
    features: pd.DataFrame,
    values: NDArray[np.generic],
    roles: Roles,
    *,
    step: int,
    n_steps: int,
) -> ModelState:
    """Return the state after a step: the model with its share of the iterations.

    After step s of n a model whose budget is b iterations has ceil(b s / n) of them. Steps that
    add none, since n is above b, leave it as it is. The features are fitted in the first step
    only. Warnings are silenced: a model on its way has not converged.

    Parameters
    ----------
    spec
        The same one at all steps; it has no `stepping_problem`.
    state
        What the step before returned; it is not changed, so a step that was lost can be done
        again. None starts anew, whichever the step is.
    features : (n_rows, n_features) frame
        The training rows; the same ones at all steps.
    values : (n_rows,) array
        Their targets.
    roles
        Those of the columns.
    step
        From 1 to `n_steps`.

    Notes
    -----
    After the last step the model predicts what one `fit` would make it predict, except for:

    - SGD, the perceptron and passive-aggressive models, whose epochs shuffle the rows in another
      order; all epochs of `max_iter` are run, since `partial_fit` does not look at `tol`.
    - MLPs, whose epochs shuffle in another order unless `shuffle` is off; they stop at `tol`.
    - Gaussian naive Bayes, whose smoothing follows the last batch of rows.

    Raises
    ------
    ValueError
        The estimator cannot be trained in steps.
    Exception
        Whatever the estimator raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer, pipeline = _find_trainer(spec), build_pipeline(spec, roles)
        template, transform = build_estimator(spec, roles), spec.target_transform
        total = trainer.total(template) or n_steps
        start, stop = (state.n_iterations if state else 0), -(-total * step // n_steps)
        if state is None:
            rows = pipeline[:-1].fit_transform(features, values)
        elif start >= stop:
            return state
        else:
            pipeline.steps[:-1] = state.pipeline.steps[:-1]
            rows = pipeline[:-1].transform(features)
        inner = inner_values(template, transform, values)
        work = StepWork(
            rows=rows, values=inner, start=start, stop=stop, total=total, seed=spec.seed
        )
        fitted = trainer.train(template, state and state.fitted, work)
        model = wrap_fitted(fitted, transform, rows, values)
    pipeline.steps[-1] = (pipeline.steps[-1][0], model)
    return ModelState(pipeline=pipeline, fitted=fitted, n_iterations=stop)
