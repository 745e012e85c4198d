"""Ensembles of scikit-learn that grow: `warm_start` keeps the trees there are and adds to them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from runforest.model.stepwise.trainers import StepWork

GROWING = ("RandomForest", "ExtraTrees", "Bagging", "GradientBoosting", "HistGradientBoosting")


def grows(template: BaseEstimator) -> bool:
    """Return whether a warm start of the estimator continues exactly where it stopped."""
    from sklearn import ensemble

    classes = [
        getattr(ensemble, name + kind) for name in GROWING for kind in ("Classifier", "Regressor")
    ]
    return isinstance(template, tuple(classes))


class WarmStart:
    """Raise the number of trees and fit again.

    A seed that is an integer gives the same trees as one fit: forests and bagging draw anew, and
    pass over, what the trees that exist have drawn; boosting keeps its generator.
    """

    def problem(self, template: BaseEstimator) -> str | None:
        """Name the options that a warm start refuses or gets wrong."""
        if getattr(template, "n_iter_no_change", None) is not None and _budget(template) == TREES:
            return "`n_iter_no_change`: it would count anew in each step. Leave it out."
        if getattr(template, "oob_score", False) and hasattr(template, "bootstrap_features"):
            return "`oob_score`: bagging has no such score with a warm start. Leave it out."
        return None

    def total(self, template: BaseEstimator, n_steps: int) -> int:  # noqa: ARG002 its own budget
        """Return the number of trees, or of rounds of boosting."""
        return int(getattr(template, _budget(template)))

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Grow a copy of the model."""
        if fitted is not None and getattr(fitted, "n_iter_", work.start) < work.start:
            return fitted  # Its own early stopping has ended it.
        model = template if fitted is None else deepcopy(fitted)
        model.set_params(warm_start=True, **{_budget(template): work.stop})
        return model.fit(work.rows, work.values)


TREES = "n_estimators"


def _budget(template: BaseEstimator) -> str:
    return TREES if TREES in template.get_params() else "max_iter"
