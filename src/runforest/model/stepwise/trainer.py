"""What a trainer of stepwise models gets and does."""

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


class Trainer(Protocol):
    """Trains an estimator in steps. A template is one as specified and not fitted."""

    def problem(self, template: BaseEstimator) -> str | None:
        """Return which of the template's parameters hinders it, and the remedy; None if none."""

    def total(self, template: BaseEstimator) -> int | None:
        """Return the iterations of the whole training; None for as many as there are steps."""

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Return the model with the work done; `fitted` is the one so far, and stays as it is."""
