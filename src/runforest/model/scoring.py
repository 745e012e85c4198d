"""Scores of one trial: folds, checks of scorers and the pure functions that workers run."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

from runforest.errors import near_miss
from runforest.model.estimators import EstimatorSpec, Kind, build_estimator
from runforest.model.scorers import BINARY, TIMES, named_scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from runforest.model.folds import FoldRows
    from runforest.model.scorers import Scores

DEFAULT_SCORERS: dict[Kind, str] = {"classification": "accuracy", "regression": "r2"}
MULTICLASS_SUFFIXES = ("_macro", "_ovr")


def default_scorer(kind: Kind) -> str:
    """Return the scorer that is used when none is named."""
    return DEFAULT_SCORERS[kind]


def scorer_problems(name: str, kind: Kind, *, n_classes: int | None = None) -> dict[str, str]:
    """Return why the scorer cannot judge such a target, by `scorer`; empty when it can.

    scikit-learn does not say what a scorer is for, so it is tried on predictions that ignore
    their input. Without `n_classes`, both two and three classes are tried.
    """
    from sklearn.metrics import get_scorer_names

    if name not in get_scorer_names():
        hint = near_miss(name, get_scorer_names())
        remedy = hint or f"Name one of scikit-learn's, such as `{default_scorer(kind)}`."
        return {"scorer": f"unknown scorer `{name}`. {remedy}"}
    sizes = (BINARY, BINARY + 1) if n_classes is None else (min(n_classes, 5),)
    refusals = [_refusal(name, kind, size) for size in sizes]
    if None in refusals:
        return {}
    fitting = [
        name + suffix for suffix in MULTICLASS_SUFFIXES if name + suffix in get_scorer_names()
    ]
    instead = (fitting if kind == "classification" else []) or [default_scorer(kind)]
    target = kind if n_classes is None else f"{kind} of {n_classes} classes"
    remedy = f"Use one that does, such as `{instead[0]}`."
    return {"scorer": f"`{name}` does not score a {target}: {refusals[0]}. {remedy}"}


def score_fold(rows: FoldRows, spec: EstimatorSpec, objectives: Sequence[str]) -> Scores:
    """Return what one cross-validation fold scores, a number per objective.

    Warnings are silenced: a model that did not converge is judged by its score.

    Parameters
    ----------
    rows
        The fold, its features applied; it stays as it is.
    spec
        The estimator, its parameters and seed.
    objectives
        Names of scikit-learn's scorers, greater is better, or of `TIMES`, in seconds. The time of
        a fit is that of the estimator, without its features.

    Returns
    -------
    tuple of float
        In the objectives' units; NaN where a scorer is undefined for the fold.

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
        model = build_estimator(spec).fit(train, rows.train_values)
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
            name: float(named_scorer(name, rows.labels)(model, rows.test, rows.test_values))
            for name in objectives
            if name not in TIMES
        }
    scores |= {"fit_time": fit_time_s, "score_time": time.perf_counter() - clock}
    return tuple(scores[name] for name in objectives)


def _labels(values: NDArray[np.generic], kind: Kind) -> NDArray[np.generic] | None:
    import numpy as np

    return np.unique(values) if kind == "classification" else None


def _refusal(name: str, kind: Kind, n_classes: int) -> str | None:
    """Return the error of the scorer on a small target of the kind, or None when it scores it."""
    import numpy as np
    import pandas as pd
    from sklearn.dummy import DummyClassifier, DummyRegressor

    features = pd.DataFrame({"x": np.zeros(4 * n_classes)})
    with warnings.catch_warnings():
        if kind == "regression":
            warnings.simplefilter("error")  # Scores of clusterings only warn of real numbers.
            model, values = DummyRegressor(), np.linspace(0.5, 2.5, len(features))
        else:
            warnings.simplefilter("ignore")
            model = DummyClassifier(strategy="stratified", random_state=0)
            values = np.array(list("abcde"[:n_classes] * 4))
        model.fit(features, values)
        try:
            named_scorer(name, _labels(values, kind))(model, features, values)
        except (ValueError, AttributeError, TypeError, UserWarning) as error:
            return str(error).partition("\n")[0].rstrip(".")
    return None
