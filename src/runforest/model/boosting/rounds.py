"""The number of rounds of a booster that is not tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.model.boosting.folds import boost_folds, with_rounds
from runforest.model.folds import apply_features, select_rows
from runforest.model.splits import fold_positions

if TYPE_CHECKING:
    import pandas as pd

    from runforest.foundation.estimator_names import Kind
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.splits import SplitSpec
    from runforest.table.roles import Roles

CURVES: dict[Kind, str] = {"classification": "logloss", "regression": "rmse"}
"""What decides how many rounds are best where no scorer is configured."""


def best_rounds(
    spec: EstimatorSpec, table: pd.DataFrame, target: str, splits: SplitSpec, roles: Roles
) -> dict[str, object]:
    """Return the number of rounds that is best for the folds of a table, as a parameter.

    Parameters
    ----------
    table : (n_rows, n_columns) frame
        The rows to learn from: target, and columns of `roles`.
    """
    features, values = table[[*roles]], table[target].to_numpy()
    folds = [
        apply_features(select_rows(features, values, fold, spec.kind, roles), spec)
        for fold in fold_positions(table, target, splits)
    ]
    found = boost_folds(spec, folds, [CURVES[spec.kind]])
    return with_rounds(spec, found.n_rounds)
