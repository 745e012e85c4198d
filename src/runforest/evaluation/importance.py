"""How much a fitted pipeline relies on each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from runforest.model.scorers import named_scorer

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def permutation_importances(
    pipeline: BaseEstimator,
    features: pd.DataFrame,
    target: pd.Series,
    *,
    scorer: str,
    seed: int,
    n_repeats: int = 5,
) -> pd.DataFrame:
    """Return by how much the score drops when a raw column is shuffled.

    It is computed on the rows given. On rows that the pipeline was fitted on it shows what the
    model relies on, over-fitted columns included; on rows left out, what helps it to generalise.
    Columns that say the same (a correlated pair) share their importance and may both look weak.

    Parameters
    ----------
    pipeline
        Fitted.
    features : (n_rows, n_features) frame
        Raw columns, as the pipeline's first step takes them.
    target : (n_rows,) series
        Labels or numbers.
    scorer
        A name known to `named_scorer`; importances are in its unit.
    seed
        Of the shuffles.
    n_repeats
        How often each column is shuffled.

    Returns
    -------
    (n_features, 3) frame
        `feature`, `importance` (mean drop), `std` (over the shuffles); the largest drop first,
        equal ones by name.

    References
    ----------
    Breiman (2001), "Random Forests", Machine Learning 45, section 10.
    """
    from sklearn.inspection import permutation_importance

    drops = permutation_importance(
        pipeline,
        features,
        target,
        scoring=named_scorer(scorer, np.unique(np.asarray(target))),
        n_repeats=n_repeats,
        random_state=seed,
    )
    table = pd.DataFrame(
        {
            "feature": [str(column) for column in features.columns],
            "importance": drops.importances_mean,
            "std": drops.importances_std,
        }
    )
    by_name = table.sort_values("feature")
    return by_name.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
