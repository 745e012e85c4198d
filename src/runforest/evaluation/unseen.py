"""Scores of the trained model on rows that nothing was learned or chosen from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runforest.evaluation.answers import answered
from runforest.model.folds import FoldRows, feature_columns
from runforest.model.scoring import score_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from sklearn.base import BaseEstimator


def unseen_scores(
    model: BaseEstimator,
    tables: Mapping[str, pd.DataFrame],
    *,
    target: str,
    scorers: Sequence[str],
    classes: Sequence[object],
) -> dict[str, dict[str, float]]:
    """Return the scores of a fitted model on tables of unseen rows, by name of table and scorer.

    Rows without a target are left out, and so is a table without any row that has one.

    Parameters
    ----------
    tables
        Name -> (n_rows, n_columns) frame, the target among the columns if it is to be scored.
    classes
        All labels of the training rows; empty for a regression.
    """
    labels = np.asarray(classes) if classes else None
    found = {}
    for name, table in tables.items():
        known = table[table[target].notna()] if target in table.columns else table.iloc[:0]
        if known.empty:
            continue
        features, values = feature_columns(known, target), np.asarray(known[target])
        rows = FoldRows(
            train=None, train_values=None, test=features, test_values=values, labels=labels
        )
        scores = score_model(answered(model, features), rows, scorers, fit_time_s=0.0)
        found[name] = dict(zip(scorers, scores, strict=True))
    return found
