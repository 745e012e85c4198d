"""Models that are their predictions, for scorers that want a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PredictedNumbers(RegressorMixin, BaseEstimator):  # type: ignore[misc] # untyped
    """A model whose predictions for the rows to be scored are known."""

    def __init__(self, predicted: NDArray[np.float64]) -> None:
        self.predicted = predicted

    def predict(self, _rows: object) -> NDArray[np.float64]:
        """Return the numbers."""
        return self.predicted


class PredictedClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped
    """A model whose probabilities for the rows to be scored are known, (n_rows, n_classes)."""

    def __init__(self, predicted: NDArray[np.float64], classes: NDArray[np.generic]) -> None:
        self.predicted = predicted
        self.classes_ = classes

    def predict_proba(self, _rows: object) -> NDArray[np.float64]:
        """Return the probabilities."""
        return self.predicted

    def predict(self, _rows: object) -> NDArray[np.generic]:
        """Return the most probable classes."""
        likeliest: NDArray[np.generic] = self.classes_[self.predicted.argmax(axis=1)]
        return likeliest
