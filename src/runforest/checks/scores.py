"""What is wrong with a score, found before a run is opened."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from runforest.foundation.errors import near_miss
from runforest.model.metrics import ERRORS, SYNONYMS, imported_scorer, scorer_path
from runforest.model.scoring import BINARY, DEFAULT_SCORERS, named_scorer

if TYPE_CHECKING:
    from runforest.foundation.estimator_names import Kind

MULTICLASS_SUFFIXES = ("_macro", "_ovr")


def scorer_problem(name: str, kind: Kind, n_classes: int | None = None) -> str | None:
    """Return why the scorer cannot judge such a target; None when it can.

    scikit-learn does not say what a scorer is for, so it is tried on predictions that ignore
    their input. Without `n_classes`, both two and three classes are tried.
    """
    from sklearn.metrics import get_scorer_names

    names = [*ERRORS, *SYNONYMS, *get_scorer_names()]
    if path := scorer_path(name):
        try:
            imported_scorer(path)
        except ValueError as error:
            return str(error)
    elif name not in names:
        remedy = near_miss(name, names)
        remedy = remedy or f"Name one of scikit-learn's, such as `{DEFAULT_SCORERS[kind]}`."
        return f"unknown scorer `{name}`. {remedy}"
    sizes = (BINARY, BINARY + 1) if n_classes is None else (min(n_classes, 5),)
    errors = [_scorer_error(name, kind, size) for size in sizes]
    if None in errors:
        return None
    fitting = [name + suffix for suffix in MULTICLASS_SUFFIXES if name + suffix in names]
    instead = fitting[0] if fitting and kind == "classification" else DEFAULT_SCORERS[kind]
    target = kind if n_classes is None else f"{kind} of {n_classes} classes"
    return (
        f"`{name}` does not score a {target}: {errors[0]}. Use one that does, such as `{instead}`."
    )


def _scorer_error(name: str, kind: Kind, n_classes: int) -> str | None:
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
        labels = np.unique(values) if kind == "classification" else None
        try:
            named_scorer(name, labels)(model.fit(features, values), features, values)
        except (ValueError, AttributeError, TypeError, UserWarning) as error:
            return str(error).partition("\n")[0].rstrip(".")
    return None
