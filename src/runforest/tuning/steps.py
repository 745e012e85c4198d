"""One fold of a trial whose model is trained step by step."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

from runforest.stepwise.steps import advance, fitted_model
from runforest.tuning.scoring import score_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from runforest.estimators import EstimatorSpec
    from runforest.tuning.objectives import Scores
    from runforest.tuning.scoring import Fold


def advance_fold(
    table: pd.DataFrame,
    fold: Fold,
    spec: EstimatorSpec,
    target: str,
    objectives: Sequence[str],
    *,
    state: object,
    step: int,
    n_steps: int,
) -> tuple[Scores, object]:
    """Train the model of one fold a step further; return what it scores now, and its state.

    Parameters
    ----------
    state
        What this function returned for the step before; None for the first one.

    See `score_fold` for the others.
    """
    features, values = table.drop(columns=target), table[target].to_numpy()
    train, _ = fold
    model_state, spent_s = state if isinstance(state, tuple) else (None, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clock = time.perf_counter()
        model_state = advance(
            spec, model_state, features.iloc[train], values[train], step=step, n_steps=n_steps
        )
        spent_s += time.perf_counter() - clock
        model = fitted_model(model_state)
    scores = score_model(
        model, features, values, fold, kind=spec.kind, objectives=objectives, fit_time_s=spent_s
    )
    return scores, (model_state, spent_s)
