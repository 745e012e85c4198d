"""One step of a training: a pure function from the last step's state to the next one.

The state travels with the work, so that any worker can do any step, and the same step again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runforest.model.estimators import build_pipeline
from runforest.model.stepwise.trainers import StepWork, find_trainer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from runforest.model.estimators import EstimatorSpec


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """A model on its way; it is never changed once made.

    After the last step `pipeline` predicts as `build_pipeline(spec).fit(...)` does.
    """

    pipeline: Pipeline
    n_iterations: int
    """How many of its iterations are due by now; a model that stopped early has fewer."""


def stepping_problem(spec: EstimatorSpec) -> str | None:
    """Return why an estimator cannot be trained in steps, and the remedy; None when it can.

    The specification must be one that can be built (see `estimator_problems`).
    """
    try:
        find_trainer(spec)
    except ValueError as error:
        return str(error)
    return None


def advance(
    spec: EstimatorSpec,
    state: ModelState | None,
    features: pd.DataFrame,
    values: NDArray[np.generic],
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
    step
        From 1 to `n_steps`.

    Notes
    -----
    After the last step the model predicts what one `fit` would make it predict, except for:

    - SGD, the perceptron and passive-aggressive models, whose epochs shuffle the rows in another
      order; all epochs of `max_iter` are run, since `partial_fit` does not look at `tol`.
    - MLPs, whose epochs shuffle in another order unless `shuffle` is off; they stop at `tol`.
    - Gaussian naive Bayes, whose smoothing follows the last batch of rows.
    - XGBoost, LightGBM and CatBoost where they use chance (sampled rows or columns; CatBoost does
      by default): each step draws from a seed of its own.

    Raises
    ------
    ValueError
        The estimator cannot be trained in steps.
    Exception
        Whatever the estimator raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer, pipeline = find_trainer(spec), build_pipeline(spec)
        total = trainer.total(pipeline[-1], n_steps)
        start, stop = (state.n_iterations if state else 0), -(-total * step // n_steps)
        if state is not None and start >= stop:
            return state
        rows = _transform(pipeline, state, features, values)
        work = StepWork(
            rows=rows, values=values, start=start, stop=stop, total=total, seed=spec.seed
        )
        model = trainer.train(pipeline[-1], state and state.pipeline[-1], work)
    pipeline.steps[-1] = (pipeline.steps[-1][0], model)
    return ModelState(pipeline=pipeline, n_iterations=stop)


def _transform(
    pipeline: Pipeline,
    state: ModelState | None,
    features: pd.DataFrame,
    values: NDArray[np.generic],
) -> Any:  # noqa: ANN401 - an array, or what the user's features make
    """Return the rows as the estimator sees them; give the pipeline its fitted features."""
    if state is None:
        return pipeline[:-1].fit_transform(features, values)
    pipeline.steps[:-1] = state.pipeline.steps[:-1]
    return pipeline[:-1].transform(features)
