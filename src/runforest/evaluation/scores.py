"""Cross-validated scores and out-of-fold predictions of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runforest.model.folds import FoldRows, fold_positions
from runforest.model.scorers import BINARY
from runforest.model.scoring import score_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.estimators import Kind


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What one cross-validation found out about a pipeline.

    Attributes
    ----------
    kind
        Whether the target is a class or a number.
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
    folds : (n_rows,) array of int
        The fold, counted from 0, in which the row was predicted.
    """

    kind: Kind
    fold_scores: Mapping[str, tuple[float, ...]]
    target: NDArray[np.generic]
    predictions: NDArray[np.generic]
    class_scores: NDArray[np.float64] | None
    classes: tuple[object, ...]
    folds: NDArray[np.int64]

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
        """Return the standard deviation over the folds.

        Divided by n_folds, as `std_test_score` of scikit-learn's searches.
        """
        return float(np.std(self.fold_scores[scorer]))


def default_scorers(
    kind: Kind, n_classes: int = 0, *, pipeline: BaseEstimator | None = None
) -> tuple[str, ...]:
    """Return the scikit-learn scorers that suit the target; the main one first.

    Without a pipeline it is taken to have `predict_proba`; with one, an area under the ROC curve
    is named only if its estimator can be scored by it.

    Examples
    --------
    >>> default_scorers("classification", 2)
    ('accuracy', 'balanced_accuracy', 'f1_macro', 'roc_auc')
    >>> default_scorers("regression")
    ('r2', 'neg_root_mean_squared_error', 'neg_mean_absolute_error')
    """
    if kind == "regression":
        return ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")
    scorers = ("accuracy", "balanced_accuracy", "f1_macro")
    has_probabilities = pipeline is None or hasattr(pipeline, "predict_proba")
    if n_classes == BINARY and (has_probabilities or hasattr(pipeline, "decision_function")):
        return (*scorers, "roc_auc")
    if n_classes > BINARY and has_probabilities:
        return (*scorers, "roc_auc_ovr")
    return scorers


def cross_validate_pipeline(
    pipeline: BaseEstimator,
    features: pd.DataFrame,
    target: pd.Series,
    *,
    kind: Kind,
    n_folds: int,
    seed: int,
    scorers: Sequence[str] = (),
) -> CrossValidation:
    """Fit a clone of the pipeline once per fold, and score and predict the rows left out.

    Parameters
    ----------
    pipeline
        Not fitted; stays as it is.
    features : (n_rows, n_features) frame
        Raw columns: whatever is learned from them belongs into the pipeline.
    target : (n_rows,) series
        Labels of any sortable type, or numbers.
    kind, n_folds, seed
        As `fold_positions` takes them.
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

    scorers = scorers or default_scorers(kind, target.nunique(), pipeline=pipeline)
    labels = np.unique(np.asarray(target)) if kind == "classification" else None
    folds = np.empty(len(target), dtype=np.int64)
    fold_scores, predictions, class_scores = [], [], []
    positions = fold_positions(np.asarray(target), kind, n_folds, seed)
    for number, (fit_rows, test_rows) in enumerate(positions):
        folds[test_rows] = number
        rows = FoldRows(
            train=features.iloc[fit_rows],
            train_values=target.iloc[fit_rows],
            test=features.iloc[test_rows],
            test_values=target.iloc[test_rows],
            labels=labels,
        )
        model = clone(pipeline).fit(rows.train, rows.train_values)
        fold_scores.append(score_model(model, rows, scorers, fit_time_s=0.0))
        # Some boosting libraries answer with one column instead of a vector.
        predictions.append(np.ravel(model.predict(rows.test)))
        if kind == "classification":
            class_scores.append(score_classes(model, rows.test))
    in_row_order = np.argsort(np.concatenate([test_rows for _, test_rows in positions]))
    scored = [scores for scores in class_scores if scores is not None]
    return CrossValidation(
        kind=kind,
        fold_scores=dict(zip(scorers, zip(*fold_scores, strict=True), strict=True)),
        target=np.asarray(target),
        predictions=np.concatenate(predictions)[in_row_order],
        class_scores=np.concatenate(scored)[in_row_order] if scored else None,
        classes=() if labels is None else tuple(labels.tolist()),
        folds=folds,
    )


def score_classes(model: BaseEstimator, features: pd.DataFrame) -> NDArray[np.float64] | None:
    """Return `predict_proba`, else `decision_function`, else None; see `CrossValidation`."""
    if hasattr(model, "predict_proba"):
        probabilities = np.asarray(model.predict_proba(features), dtype=float)
        return probabilities[:, 1] if probabilities.shape[1] == BINARY else probabilities
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(features), dtype=float)
    return None
