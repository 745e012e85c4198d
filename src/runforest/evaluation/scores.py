"""Cross-validated scores and out-of-fold predictions of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from runforest.model.scorers import BINARY, named_scorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

Kind = Literal["classification", "regression"]


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
    scorers: Sequence[str],
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
    kind
        Folds of a classification are stratified by class.
    n_folds
        At least 2.
    seed
        Of the shuffle before the rows are dealt to folds.
    scorers
        Names known to `named_scorer`, at least one; higher is better.

    Raises
    ------
    ValueError
        No scorer is given, a class has fewer rows than there are folds, or a scorer can't score
        this kind of target.

    References
    ----------
    Stone (1974), "Cross-Validatory Choice and Assessment of Statistical Predictions".
    """
    if not scorers:
        message = 'scorers must name at least one scorer, such as "accuracy" or "r2". Got none.'
        raise ValueError(message)
    splits = split_rows(target, kind=kind, n_folds=n_folds, seed=seed)
    fits = [
        score_fold(pipeline, features, target, split, scorers=scorers, kind=kind)
        for split in splits
    ]
    tested = np.concatenate([test_rows for _, test_rows in splits])
    in_row_order = np.argsort(tested)
    folds = np.repeat(np.arange(n_folds), [len(test_rows) for _, test_rows in splits])
    class_scores = [fit.class_scores for fit in fits if fit.class_scores is not None]
    return CrossValidation(
        kind=kind,
        fold_scores={name: tuple(fit.scores[name] for fit in fits) for name in scorers},
        target=np.asarray(target),
        predictions=np.concatenate([fit.predictions for fit in fits])[in_row_order],
        class_scores=np.concatenate(class_scores)[in_row_order] if class_scores else None,
        classes=sorted_classes(target) if kind == "classification" else (),
        folds=folds[in_row_order],
    )


def sorted_classes(target: pd.Series) -> tuple[object, ...]:
    """Return the distinct labels in sorted order, as plain Python values."""
    return tuple(np.unique(np.asarray(target)).tolist())


Split = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def split_rows(target: pd.Series, *, kind: Kind, n_folds: int, seed: int) -> list[Split]:
    """Return, per fold, the positions of the rows to fit on and of those to score on."""
    from sklearn.model_selection import KFold, StratifiedKFold

    if kind == "regression":
        return list(KFold(n_folds, shuffle=True, random_state=seed).split(target))
    labels, counts = np.unique(np.asarray(target), return_counts=True)
    rare = {
        label: n for label, n in zip(labels.tolist(), counts.tolist(), strict=True) if n < n_folds
    }
    if rare:
        message = (
            f"Every class needs at least n_folds={n_folds} rows. Got rows per class: {rare}. "
            "Lower n_folds, or drop or merge the rare classes."
        )
        raise ValueError(message)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(target)), np.asarray(target)))


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldFit:
    """Scores and predictions of the one model that was fitted for a fold."""

    scores: Mapping[str, float]
    predictions: NDArray[np.generic]
    class_scores: NDArray[np.float64] | None


def score_fold(
    pipeline: BaseEstimator,
    features: pd.DataFrame,
    target: pd.Series,
    split: Split,
    *,
    scorers: Sequence[str],
    kind: Kind,
) -> FoldFit:
    """Fit a clone of the pipeline on the first rows of the split; score and predict the others."""
    from sklearn.base import clone
    from sklearn.metrics import check_scoring

    fit_rows, test_rows = split
    model = clone(pipeline).fit(features.iloc[fit_rows], target.iloc[fit_rows])
    left_out = features.iloc[test_rows]
    labels = np.unique(np.asarray(target)) if kind == "classification" else None
    score_all = check_scoring(model, scoring={name: named_scorer(name, labels) for name in scorers})
    scores = score_all(model, left_out, target.iloc[test_rows])
    return FoldFit(
        scores={name: float(score) for name, score in scores.items()},
        # Some boosting libraries answer with one column instead of a vector.
        predictions=np.ravel(model.predict(left_out)),
        class_scores=score_classes(model, left_out) if kind == "classification" else None,
    )


def score_classes(model: BaseEstimator, features: pd.DataFrame) -> NDArray[np.float64] | None:
    """Return `predict_proba`, else `decision_function`, else None; see `CrossValidation`."""
    if hasattr(model, "predict_proba"):
        probabilities = np.asarray(model.predict_proba(features), dtype=float)
        return probabilities[:, 1] if probabilities.shape[1] == BINARY else probabilities
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(features), dtype=float)
    return None
