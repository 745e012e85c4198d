"""What a way of training in steps has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator


@dataclass(frozen=True, kw_only=True)
class StepWork:
    """What one step has to do: take a model from `start` iterations to `stop` of `total`."""

    rows: NDArray[np.generic]
    """The training rows, (n_rows, n_columns), as the features made them."""
    values: NDArray[np.generic]
    start: int
    stop: int
    total: int
    seed: int


class Way(Protocol):
    """A way to train an estimator in steps. A template is one as specified and not fitted."""

    def problem(self, template: BaseEstimator) -> str | None:
        """Return what of the template's parameters hinders it, and the remedy; None if nothing."""

    def total(self, template: BaseEstimator, n_steps: int) -> int:
        """Return the number of iterations of the whole training."""

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Return the model with the work done; `fitted` is the one so far, and stays as it is."""
