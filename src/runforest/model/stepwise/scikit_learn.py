"""Estimators of scikit-learn: those that grow, and those with `partial_fit`."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.stepwise.trainer import StepWork

GROWING = ("RandomForest", "ExtraTrees", "Bagging", "GradientBoosting", "HistGradientBoosting")
TREES = "n_estimators"


def grows(template: BaseEstimator) -> bool:
    """Return whether a warm start of the estimator continues exactly where it stopped."""
    from sklearn import ensemble

    classes = [
        getattr(ensemble, name + kind) for name in GROWING for kind in ("Classifier", "Regressor")
    ]
    return isinstance(template, tuple(classes))


def takes_batches(template: BaseEstimator) -> bool:
    """Return whether the estimator has `partial_fit`."""
    # Of the class: an MLP hides the method while its solver cannot use it, which is a problem of
    # its parameters.
    return hasattr(type(template), "partial_fit")


def has_epochs(template: BaseEstimator) -> bool:
    """Return whether the estimator has `partial_fit`, and a number of epochs."""
    return takes_batches(template) and "max_iter" in template.get_params()


class WarmStart:
    """Raise the number of trees and fit again.

    A seed that is an integer gives the same trees as one fit: forests and bagging draw anew, and
    pass over, what the trees that exist have drawn; boosting continues with its generator.
    """

    def problem(self, template: BaseEstimator) -> str | None:
        """Name the options that a warm start refuses or gets wrong."""
        if getattr(template, "n_iter_no_change", None) is not None and _budget(template) == TREES:
            return "`n_iter_no_change`: it would count anew in each step. Leave it out."
        if getattr(template, "oob_score", False) and hasattr(template, "bootstrap_features"):
            return "`oob_score`: bagging has no such score with a warm start. Leave it out."
        return None

    def total(self, template: BaseEstimator) -> int:
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


class Epochs:
    """One call of `partial_fit` with all rows for each epoch; the estimator shuffles them.

    Its seed is replaced by a generator, which goes on from epoch to epoch: an integer would start
    anew with each call, and shuffle all epochs alike.
    """

    def problem(self, template: BaseEstimator) -> str | None:
        """Name the options that `partial_fit` does not know."""
        # Checked by its name, since MLPRegressor has `partial_fit` with it too: a whole training.
        if getattr(template, "solver", None) == "lbfgs" or not hasattr(template, "partial_fit"):
            return '`solver = "lbfgs"`, which knows no epochs. Use "adam" or "sgd".'
        if getattr(template, "early_stopping", False):
            return "`early_stopping`. Leave it out: the pruner stops what is not worth its time."
        return _class_weight_problem(template)

    def total(self, template: BaseEstimator) -> int:
        """Return the greatest number of epochs."""
        return int(template.get_params()["max_iter"])

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Run the epochs on a copy of the model, until it has converged."""
        from sklearn.utils import check_random_state

        model = template if fitted is None else deepcopy(fitted)
        if fitted is None and "random_state" in model.get_params():
            model.set_params(random_state=check_random_state(model.random_state))
        for _ in range(work.start, work.stop):
            if _has_converged(model):
                break
            model.partial_fit(work.rows, work.values, **_classes(template, work))
        return model


class Batches:
    """As many batches as there are steps, which partition the shuffled rows."""

    def problem(self, template: BaseEstimator) -> str | None:
        """Name the options that `partial_fit` does not know."""
        return _class_weight_problem(template)

    def total(self, template: BaseEstimator) -> None:
        """Return None: the estimator has no budget."""

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Let a copy of the model see the next batches."""
        import numpy as np

        model = template if fitted is None else deepcopy(fitted)
        order = np.random.default_rng(work.seed).permutation(len(work.rows))
        for batch in np.array_split(order, work.total)[work.start : work.stop]:
            if len(batch):  # More steps than rows leave the last ones empty.
                rows, values = work.rows[batch], work.values[batch]
                model.partial_fit(rows, values, **_classes(template, work))
        return model


def _budget(template: BaseEstimator) -> str:
    return TREES if TREES in template.get_params() else "max_iter"


def _classes(template: BaseEstimator, work: StepWork) -> dict[str, NDArray[np.generic]]:
    import numpy as np
    from sklearn.base import is_classifier

    return {"classes": np.unique(work.values)} if is_classifier(template) else {}


def _has_converged(model: BaseEstimator) -> bool:
    """Return whether `fit` of an MLP would have stopped here.

    The count is private, and public are only the losses from which it follows; estimators without
    it never converge here.
    """
    count = getattr(model, "_no_improvement_count", 0)
    return bool(count > getattr(model, "n_iter_no_change", count))


def _class_weight_problem(template: BaseEstimator) -> str | None:
    if getattr(template, "class_weight", None) != "balanced":
        return None
    return '`class_weight = "balanced"`, which `partial_fit` refuses. Leave it out.'
