"""The rows of one fold, and the columns that a model sees."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runforest.model.features.build import build_features

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from runforest.foundation.estimator_names import Kind
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.splitters import Fold
    from runforest.table.roles import Roles


@dataclass(frozen=True, kw_only=True)
class FoldRows:
    """What a model is fitted on and judged by.

    Attributes
    ----------
    train, test : (n, n_features)
        Frames, or arrays where the features have been applied.
    train_values, test_values : (n,)
        The target.
    labels : (n_classes,) array
        All classes of the target, sorted; None for a regression.
    roles
        Those of the columns; empty where a model brings its own features.
    """

    train: Any
    train_values: Any
    test: Any
    test_values: Any
    labels: NDArray[np.generic] | None
    roles: Roles = field(default_factory=dict)


def feature_columns(table: pd.DataFrame, *others: str) -> pd.DataFrame:
    """Return the table without the other columns, such as target and id, that it has."""
    return table.drop(columns=[name for name in others if name in table.columns])


def select_rows(
    features: pd.DataFrame,
    values: NDArray[np.generic],
    fold: Fold,
    kind: Kind,
    roles: Roles | None = None,
) -> FoldRows:
    """Return the rows of a fold, given by their positions."""
    import numpy as np

    train, test = fold
    return FoldRows(
        train=features.iloc[train],
        train_values=values[train],
        test=features.iloc[test],
        test_values=values[test],
        labels=np.unique(values) if kind == "classification" else None,
        roles=roles or {},
    )


def apply_features(rows: FoldRows, spec: EstimatorSpec) -> FoldRows:
    """Return the rows as the estimator of `build_pipeline` sees them.

    The features are fitted on the training rows alone. They do not depend on a trial's parameters,
    so the trials of a study can share what comes out.
    """
    features = build_features(spec, rows.roles)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train = features.fit_transform(rows.train, rows.train_values)
        return replace(rows, train=train, test=features.transform(rows.test))
