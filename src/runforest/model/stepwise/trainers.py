"""Which estimators can be trained in steps, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.model.stepwise.boosters import BOOSTERS, is_from
from runforest.model.stepwise.passes import Batches, Epochs
from runforest.model.stepwise.warm_start import WarmStart, grows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.base import BaseEstimator

    from runforest.model.stepwise.trainer import Way

REMEDY = (
    "Name one that can: a random forest, extra trees, bagging or gradient boosting of "
    "scikit-learn, one with `partial_fit` (SGDClassifier, MLPRegressor...), or one of XGBoost, "
    "LightGBM or CatBoost; or set prune_by = folds."
)


def find_way(template: BaseEstimator) -> Way | None:
    """Return the first way that suits an estimator, None if none does."""
    return next((way for suits, way in WAYS if suits(template)), None)


def _has_epochs(template: BaseEstimator) -> bool:
    return _takes_batches(template) and "max_iter" in template.get_params()


def _takes_batches(template: BaseEstimator) -> bool:
    # Of the class: an MLP hides the method while its solver cannot use it, which is a problem of
    # its parameters.
    return hasattr(type(template), "partial_fit")


WAYS: tuple[tuple[Callable[[BaseEstimator], bool], Way], ...] = (
    *((is_from(package), way) for package, way in BOOSTERS.items()),
    (grows, WarmStart()),
    (_has_epochs, Epochs()),
    (_takes_batches, Batches()),
)
"""Whom a way suits -> the way. scikit-learn's `warm_start` alone is no sign of one: linear models
and MLPs take it for a starting point, from which the optimiser begins its schedule anew."""
