"""The names of scores: what people say, scikit-learn's own, and import paths."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Literal, cast

from runforest.foundation.importing import import_object

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Scorer = Callable[[object, object, NDArray[np.generic]], float]

TIMES = ("fit_time", "score_time")
"""Objectives in seconds a fold, less is better; `cross_validate` of scikit-learn names them so."""

ERRORS = {
    "rmse": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "msle": "neg_mean_squared_log_error",
    "mae": "neg_mean_absolute_error",
    "medae": "neg_median_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "max_error": "neg_max_error",
    "poisson_deviance": "neg_mean_poisson_deviance",
    "gamma_deviance": "neg_mean_gamma_deviance",
    "logloss": "neg_log_loss",
    "log_loss": "neg_log_loss",
    "brier": "neg_brier_score",
}
"""What people say -> scikit-learn's scorer, its sign turned: lower is better."""

SYNONYMS = {
    "auc": ("roc_auc", "roc_auc_ovr"),
    "mcc": ("matthews_corrcoef", "matthews_corrcoef"),
}
"""What people say -> scikit-learn's scorer for two classes, and for more."""

LOWER_ENDINGS = ("_error", "_loss", "_deviance")
"""Functions with such names return what is to be small; scikit-learn names its metrics so."""

Direction = Literal["minimize", "maximize"]


def direction(name: str) -> Direction:
    """Return what is better of a score or a time.

    >>> direction("roc_auc"), direction("neg_log_loss"), direction("rmse"), direction("fit_time")
    ('maximize', 'maximize', 'minimize', 'minimize')
    """
    if name in ERRORS or name in TIMES:
        return "minimize"
    is_low = "." in name and name.endswith(LOWER_ENDINGS) and not _is_scorer(import_object(name))
    return "minimize" if is_low else "maximize"


def short_name(name: str) -> str:
    """Return the name under which a score is shown.

    >>> short_name("tasks.my_scores.profit"), short_name("rmse")
    ('profit', 'rmse')
    """
    return name.rpartition(".")[2]


def scorer_path(name: str) -> str:
    """Return the import path that a name is, or nothing."""
    return name if "." in name else ""


def imported_scorer(path: str) -> Scorer:
    """Return a scorer from a scorer object, or from a function, by its import path.

    A function takes (y_true, y_pred), or (estimator, X, y) as scikit-learn's scorers do.

    Raises
    ------
    ValueError
        There is no such thing.
    """
    from sklearn.metrics import make_scorer

    found = import_object(path)
    if _is_scorer(found):
        return cast("Scorer", found)
    if not callable(found) or inspect.isclass(found):
        message = (
            f"`{path}` is no scorer. Name a function of (y_true, y_pred), or what `make_scorer` of "
            "scikit-learn returns."
        )
        raise ValueError(message)
    return cast("Scorer", make_scorer(found))


def _is_scorer(found: object) -> bool:
    """Return whether an object is called with (estimator, X, y); greater is better then."""
    if not callable(found) or inspect.isclass(found):
        return False
    required = [one for one in inspect.signature(found).parameters.values() if _is_required(one)]
    return len(required) == 3  # noqa: PLR2004 - estimator, X, y


def _is_required(parameter: inspect.Parameter) -> bool:
    is_positional = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return is_positional and parameter.default is parameter.empty
