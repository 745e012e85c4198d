"""Cross-validated scores, out-of-fold predictions and importances of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runforest.model.folds import select_rows
from runforest.model.scoring import BINARY, named_scorer, score_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.estimators import Kind
    from runforest.model.splitters import Fold


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What one cross-validation found out about a pipeline.

    Attributes
    ----------
    fold_scores
        Scorer name -> one score per fold, in fold order; higher is better. The first is the main
        scorer.
    target : (n_rows,) array
        The true labels or numbers.
    predictions : (n_rows,) array
        Out-of-fold: row i is predicted by the model that was not fitted on row i.
    class_scores : (n_rows,) or (n_rows, n_classes) array, or None
        Out-of-fold `predict_proba`, else `decision_function`. One dimension for two classes: the
        score of `classes[1]`. None in a regression, and if the estimator has neither method.
    classes
        The labels in sorted order; empty in a regression.
    """

    fold_scores: Mapping[str, tuple[float, ...]]
    target: NDArray[np.generic]
    predictions: NDArray[np.generic]
    class_scores: NDArray[np.float64] | None
    classes: tuple[object, ...]

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return len(self.fold_scores[self.main_scorer])

    @property
    def main_scorer(self) -> str:
        """Name of the first scorer."""
        return next(iter(self.fold_scores))

    def mean(self, scorer: str) -> float:
        """Return the mean of a scorer over the folds."""
        return float(np.mean(self.fold_scores[scorer]))

    def std(self, scorer: str) -> float:
        """Return the standard deviation over the folds, divided by n_folds as scikit-learn's."""
        return float(np.std(self.fold_scores[scorer]))


def default_scorers(kind: Kind, n_classes: int, pipeline: BaseEstimator) -> tuple[str, ...]:
    """Return the scikit-learn scorers that suit target and pipeline; the main one first."""
    if kind == "regression":
        return ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")
    scorers = ("accuracy", "balanced_accuracy", "f1_macro")
    has_probabilities = hasattr(pipeline, "predict_proba")
    if n_classes == BINARY and (has_probabilities or hasattr(pipeline, "decision_function")):
        return (*scorers, "roc_auc")
    return (*scorers, "roc_auc_ovr") if n_classes > BINARY and has_probabilities else scorers


def cross_validate_pipeline(
    pipeline: BaseEstimator,
    features: pd.DataFrame,
    target: pd.Series,
    *,
    kind: Kind,
    folds: Sequence[Fold],
    scorers: Sequence[str] = (),
) -> CrossValidation:
    """Fit a clone of the pipeline once per fold, and score and predict the rows left out.

    Parameters
    ----------
    features : (n_rows, n_features) frame
        Raw columns: whatever is learned from them belongs into the pipeline.
    target : (n_rows,) series
        Labels of any sortable type, or numbers.
    folds
        As `fold_positions` returns them.
    scorers
        Names known to `named_scorer`; higher is better. Empty for `default_scorers`.

    Raises
    ------
    ValueError
        No class has as many rows as there are folds, or a scorer can't score this kind of target.

    References
    ----------
    Stone (1974), "Cross-Validatory Choice and Assessment of Statistical Predictions".
    """
    from sklearn.base import clone

    scorers = scorers or default_scorers(kind, target.nunique(), pipeline)
    values = np.asarray(target)
    fold_scores, predictions, class_scores = [], [], []
    for fold in folds:
        rows = select_rows(features, values, fold, kind)
        model = clone(pipeline).fit(rows.train, rows.train_values)
        fold_scores.append(score_model(model, rows, scorers, fit_time_s=0.0))
        # Some boosting libraries answer with one column instead of a vector.
        predictions.append(np.ravel(model.predict(rows.test)))
        class_scores.append(None if kind == "regression" else score_classes(model, rows.test))
    in_row_order = np.argsort(np.concatenate([test_rows for _, test_rows in folds]))
    scored = [scores for scores in class_scores if scores is not None]
    return CrossValidation(
        fold_scores=dict(zip(scorers, zip(*fold_scores, strict=True), strict=True)),
        target=values,
        predictions=np.concatenate(predictions)[in_row_order],
        class_scores=np.concatenate(scored)[in_row_order] if scored else None,
        classes=() if kind == "regression" else tuple(np.unique(values).tolist()),
    )


def score_classes(model: BaseEstimator, features: pd.DataFrame) -> NDArray[np.float64] | None:
    """Return `predict_proba`, else `decision_function`, else None; see `CrossValidation`."""
    if hasattr(model, "predict_proba"):
        probabilities = np.asarray(model.predict_proba(features), dtype=float)
        return probabilities[:, 1] if probabilities.shape[1] == BINARY else probabilities
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(features), dtype=float)
    return None


def permutation_importances(
    pipeline: BaseEstimator,
    features: pd.DataFrame,
    target: pd.Series,
    *,
    scorer: str,
    seed: int,
    n_repeats: int = 5,
) -> pd.DataFrame:
    """Return by how much the score of a fitted pipeline drops when a raw column is shuffled.

    It is computed on the rows given. On rows that the pipeline was fitted on it shows what the
    model relies on, over-fitted columns included; on rows left out, what helps it to generalise.
    Columns that say the same (a correlated pair) share their importance and may both look weak.

    Parameters
    ----------
    features : (n_rows, n_features) frame
        Raw columns, as the pipeline's first step takes them.
    scorer
        A name known to `named_scorer`; importances are in its unit.

    Returns
    -------
    (n_features, 3) frame
        `feature`, `importance` (mean drop), `std` (over the shuffles); the largest drop first,
        equal ones by name.

    References
    ----------
    Breiman (2001), "Random Forests", Machine Learning 45, section 10.
    """
    import pandas as pd
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
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)
