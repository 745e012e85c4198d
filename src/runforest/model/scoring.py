"""Scorers by name, and what one fold of a trial scores."""

from __future__ import annotations

import math
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from runforest.model.estimators import build_wrapped
from runforest.model.metrics import ERRORS, SYNONYMS, TIMES, imported_scorer, scorer_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from runforest.foundation.estimator_names import Kind
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.folds import FoldRows
    from runforest.model.metrics import Scorer

BINARY = 2

DEFAULT_SCORERS: dict[Kind, str] = {"classification": "accuracy", "regression": "r2"}

Scores = tuple[float, ...]
"""What one fold scored, a number per objective."""

ONE_CLASS_SCORERS: dict[str, tuple[str, dict[str, object]]] = {
    "f1": ("f1_score", {}),
    "precision": ("precision_score", {}),
    "recall": ("recall_score", {}),
    "jaccard": ("jaccard_score", {}),
    "average_precision": (
        "average_precision_score",
        {"response_method": ("decision_function", "predict_proba")},
    ),
    "neg_brier_score": (
        "brier_score_loss",
        {"response_method": "predict_proba", "greater_is_better": False},
    ),
    "d2_brier_score": ("d2_brier_score", {"response_method": "predict_proba"}),
}
"""Scorer -> the metric behind it and how scikit-learn makes the one from the other."""


def named_scorer(name: str, labels: NDArray[np.generic] | None = None) -> Scorer:
    """Return the scorer of a name or an import path; `direction` says what of it is better.

    Scores of one class (f1, precision, recall...) take the class 1 as the positive one. Two labels
    without a 1 get the greater one instead, "yes" of "no" and "yes", as `roc_auc` does already.

    Parameters
    ----------
    labels : (n_classes,) array
        All classes of the target; None for a regression.
    """
    import sklearn.metrics

    if path := scorer_path(name):
        return imported_scorer(path)
    if name in ERRORS:
        error = named_scorer(ERRORS[name], labels)
        return lambda *fitted: -error(*fitted)
    if name in SYNONYMS:
        name = SYNONYMS[name][labels is not None and len(labels) > BINARY]
    if name == "neg_log_loss" and labels is not None:
        return partial(_log_likelihood, labels=labels)
    scorer: Scorer = sklearn.metrics.get_scorer(name)
    if labels is None or name not in ONE_CLASS_SCORERS or len(labels) != BINARY or 1 in labels:
        return scorer
    metric, options = ONE_CLASS_SCORERS[name]
    options = {**options, "pos_label": max(labels.tolist())}
    return cast("Scorer", sklearn.metrics.make_scorer(getattr(sklearn.metrics, metric), **options))


def _log_likelihood(
    model: object, rows: object, values: NDArray[np.generic], *, labels: NDArray[np.generic]
) -> float:
    """Return scikit-learn's negative log loss, also where the rows or the model lack a class.

    What a model has not seen has the probability 0, which the metric takes for its least number.
    """
    import numpy as np
    from sklearn.metrics import log_loss

    fitted = cast("Any", model)
    predicted = fitted.predict_proba(rows)
    classes = np.unique(labels)
    shares = np.zeros((len(predicted), len(classes)), predicted.dtype)
    shares[:, np.searchsorted(classes, fitted.classes_)] = predicted
    return -float(log_loss(values, shares, labels=classes))


def score_fold(rows: FoldRows, spec: EstimatorSpec, objectives: Sequence[str]) -> Scores:
    """Return what one cross-validation fold scores, a number per objective, in its unit.

    Warnings are silenced: a model that did not converge is judged by its score. A score is NaN
    where the scorer is undefined for the fold.

    Parameters
    ----------
    rows
        The fold, its features applied; it stays as it is.
    objectives
        Names of scorers, or of `TIMES`, in seconds; `direction` says what of each is better. The
        time of a fit is that of the estimator, without its features.

    Raises
    ------
    Exception
        Whatever the estimator or the scorer raises.

    References
    ----------
    Stone (1974), "Cross-Validatory Choice and Assessment of Statistical Predictions".
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train = rows.train.copy()  # an estimator may be set to overwrite what it is fitted on
        clock = time.perf_counter()
        model = build_wrapped(spec, rows.roles).fit(train, rows.train_values)
        fit_time_s = time.perf_counter() - clock
    return score_model(model, rows, objectives, fit_time_s=fit_time_s)


def score_model(
    model: object, rows: FoldRows, objectives: Sequence[str], *, fit_time_s: float
) -> Scores:
    """Return what a fitted model scores on the test rows of a fold; see `score_fold`."""
    clock = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = {
            name: defined_score(named_scorer(name, rows.labels), model, rows)
            for name in objectives
            if name not in TIMES
        }
    scores |= {"fit_time": fit_time_s, "score_time": time.perf_counter() - clock}
    return tuple(scores[name] for name in objectives)


def defined_score(scorer: Scorer, model: object, rows: FoldRows) -> float:
    """Return the score of a model; NaN where rows without one of the classes leave it undefined."""
    try:
        return float(scorer(model, rows.test, rows.test_values))
    except ValueError:
        known = set() if rows.labels is None else set(rows.labels.tolist())
        met = set(getattr(model, "classes_", known))
        if known == set(rows.test_values.tolist()) == met or not known:
            raise
        return math.nan
