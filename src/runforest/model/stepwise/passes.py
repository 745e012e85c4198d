"""Estimators with `partial_fit`: epoch by epoch, or once through the rows in batches."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.stepwise.trainers import StepWork


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

    def total(self, template: BaseEstimator, n_steps: int) -> int:  # noqa: ARG002 its own budget
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

    def total(self, template: BaseEstimator, n_steps: int) -> int:  # noqa: ARG002 it has no budget
        """Return the number of batches."""
        return n_steps

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
