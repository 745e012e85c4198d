"""Scorers by name, the same for whoever scores a model: a study, a cross-validation, a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Scorer = Callable[[object, object, NDArray[np.generic]], float]

BINARY = 2

TIMES = ("fit_time", "score_time")
"""Objectives in seconds a fold, less is better; `cross_validate` of scikit-learn names them so."""

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
    """Return scikit-learn's scorer of this name; greater is better.

    Scores of one class (f1, precision, recall...) take the class 1 as the positive one. Two labels
    without a 1 get the greater one instead, "yes" of "no" and "yes", as `roc_auc` does already.

    Parameters
    ----------
    labels : (n_classes,) array
        All classes of the target; None for a regression.
    """
    import sklearn.metrics

    if labels is None or name not in ONE_CLASS_SCORERS or len(labels) != BINARY or 1 in labels:
        scorer: Scorer = sklearn.metrics.get_scorer(name)
        return scorer
    metric, options = ONE_CLASS_SCORERS[name]
    positive = max(labels.tolist())
    made: Scorer = sklearn.metrics.make_scorer(
        getattr(sklearn.metrics, metric), pos_label=positive, **options
    )
    return made
