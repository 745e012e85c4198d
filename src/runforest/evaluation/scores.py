"""Cross-validated scores and out-of-fold predictions of a pipeline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runforest.evaluation.answers import answered, score_classes
from runforest.evaluation.importances import ImportanceMeasurement
from runforest.model.folds import select_rows
from runforest.model.scoring import BINARY, score_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.evaluation.importances import Importances
    from runforest.foundation.estimator_names import Kind
    from runforest.model.splitters import Fold

    Inspect = Callable[[BaseEstimator, pd.DataFrame, NDArray[np.generic]], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What one cross-validation found out about a pipeline.

    Attributes
    ----------
    fold_scores
        Scorer name -> one score per fold, in fold order; `direction` says what is better. The
        first is the main scorer.
    target : (n_predictions,) array
        The true labels or numbers of the rows predicted: in the order of the table, each row once
        where the folds partition it, otherwise as often as a fold leaves it out.
    predictions : (n_predictions,) array
        Out-of-fold: each by the model of a fold that was not fitted on the row.
    class_scores : (n_predictions,) or (n_predictions, n_classes) array, or None
        Out-of-fold `predict_proba`, else `decision_function`. One dimension for two classes: the
        score of `classes[1]`. None in a regression, and if the estimator has neither method.
    classes
        The labels in sorted order; empty in a regression.
    n_rows
        Rows that the folds were made of.
    """

    fold_scores: Mapping[str, tuple[float, ...]]
    target: NDArray[np.generic]
    predictions: NDArray[np.generic]
    class_scores: NDArray[np.float64] | None
    classes: tuple[object, ...]
    n_rows: int

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
        """Return the standard deviation over the folds, divided by n_folds; NaN for one fold."""
        return float(np.std(self.fold_scores[scorer])) if self.n_folds > 1 else math.nan


def default_scorers(kind: Kind, n_classes: int, pipeline: BaseEstimator) -> tuple[str, ...]:
    """Return the scikit-learn scorers that suit target and pipeline; the main one first."""
    if kind == "regression":
        return ("r2", "rmse", "mae")
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
    inspect: Inspect | None = None,
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
        Names known to `named_scorer`. Empty for `default_scorers`.
    inspect
        Called with the model of each fold and the features and target of the rows left out.

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
    classes = () if kind == "regression" else tuple(sorted(target.unique().tolist()))
    fold_scores, predictions, class_scores = [], [], []
    for fold in folds:
        rows = select_rows(features, values, fold, kind)
        fitted = clone(pipeline).fit(rows.train, rows.train_values)
        model = answered(fitted, rows.test)
        fold_scores.append(score_model(model, rows, scorers, fit_time_s=0.0))
        # Some boosting libraries answer with one column instead of a vector.
        predictions.append(np.ravel(model.predict(rows.test)))
        class_scores.append(score_classes(model, rows.test, classes) if classes else None)
        if inspect:
            inspect(fitted, rows.test, rows.test_values)
    rows_predicted = np.concatenate([test_rows for _, test_rows in folds])
    in_row_order = np.argsort(rows_predicted, kind="stable")
    scored = [scores for scores in class_scores if scores is not None]
    return CrossValidation(
        fold_scores=dict(zip(scorers, zip(*fold_scores, strict=True), strict=True)),
        target=values[rows_predicted[in_row_order]],
        predictions=np.concatenate(predictions)[in_row_order],
        class_scores=np.concatenate(scored)[in_row_order] if scored else None,
        classes=classes,
        n_rows=len(values),
    )


def evaluate_model(
    model: BaseEstimator,
    train: pd.DataFrame,
    held: pd.DataFrame,
    *,
    target: str,
    kind: Kind,
    folds: Sequence[Fold],
    scorers: Sequence[str] = (),
    seed: int,
) -> tuple[CrossValidation, Importances]:
    """Return the cross-validation of a fitted pipeline, and its importances.

    These are measured on the held-out rows, or where there are none on the rows that each fold
    leaves out, with the model of the fold.

    Parameters
    ----------
    train, held : (n_rows, n_features + 1) frames
        The rows that the model was fitted on, and those that were held out; the target among them.
    """
    features, values = train.drop(columns=target), train[target]
    classes = sorted(values.unique().tolist()) if kind == "classification" else []
    scorers = scorers or default_scorers(kind, len(classes), model)
    measurement = ImportanceMeasurement(
        scorer=scorers[0], classes=classes, seed=seed, n_models=len(folds) if held.empty else 1
    )
    scores = cross_validate_pipeline(
        model,
        features,
        values,
        kind=kind,
        folds=folds,
        scorers=scorers,
        inspect=measurement.add if held.empty else None,
    )
    if not held.empty:
        measurement.add(model, held.drop(columns=target), np.asarray(held[target]))
    return scores, measurement.result()
