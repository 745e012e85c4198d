"""The rows of one fold: as the table has them, or as the features make them for the estimator."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runforest.estimators import build_features

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from runforest.estimators import Kind

    Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, kw_only=True)
class FoldRows:
    """What a model is fitted on and judged by.

    Attributes
    ----------
    train, test : (n, n_features)
        Frames, or arrays where the features have been applied.
    train_values, test_values : (n,) arrays
        The target.
    labels : (n_classes,) array
        All classes of the target, sorted; None for a regression.
    """

    train: Any
    train_values: NDArray[np.generic]
    test: Any
    test_values: NDArray[np.generic]
    labels: NDArray[np.generic] | None


def select_rows(table: pd.DataFrame, fold: Fold, target: str, kind: Kind) -> FoldRows:
    """Return the rows of a fold, given by their positions, as frames without the target."""
    import numpy as np

    train, test = fold
    features, values = table.drop(columns=target), table[target].to_numpy()
    return FoldRows(
        train=features.iloc[train],
        train_values=values[train],
        test=features.iloc[test],
        test_values=values[test],
        labels=np.unique(values) if kind == "classification" else None,
    )


def apply_features(rows: FoldRows) -> FoldRows:
    """Return the rows as the estimator of `build_pipeline` sees them.

    The features are fitted on the training rows alone. They do not depend on a trial's parameters,
    so the trials of a study can share what comes out.
    """
    features = build_features()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train = features.fit_transform(rows.train, rows.train_values)
        return replace(rows, train=train, test=features.transform(rows.test))
