"""One fold of a trial whose model is trained step by step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runforest.model.scoring import score_model
from runforest.model.stepwise.steps import ModelState, advance, fitted_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.model.estimators import EstimatorSpec
    from runforest.model.folds import FoldRows
    from runforest.model.scorers import Scores

StepState = tuple[ModelState, float]
"""A model on its way, and the seconds that its training took so far."""


def advance_fold(
    rows: FoldRows,
    spec: EstimatorSpec,
    objectives: Sequence[str],
    state: StepState | None,
    *,
    step: int,
    n_steps: int,
) -> tuple[Scores, StepState]:
    """Train the model of one fold a step further; return what it scores now, and its state.

    Parameters
    ----------
    rows
        The fold as frames.
    state
        What this function returned for the step before; None for the first one.
    step, n_steps
        The step to do, from 1, and the number of them in all.

    See `score_fold` for the others.
    """
    model, spent_s = state or (None, 0.0)
    clock = time.perf_counter()
    model = advance(spec, model, rows.train, rows.train_values, step=step, n_steps=n_steps)
    spent_s += time.perf_counter() - clock
    scores = score_model(fitted_model(model), rows, objectives, fit_time_s=spent_s)
    return scores, (model, spent_s)
