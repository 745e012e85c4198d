"""What a fitted model answers for a table, computed once however many scorers look at it."""

from __future__ import annotations

from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from runforest.model.scoring import BINARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


class AnsweredModel:
    """A fitted model that answers for one table from memory, and is the model itself in all else.

    Each scorer of scikit-learn calls `predict` or `predict_proba` anew, and with it all encoding
    of the columns.

    Parameters
    ----------
    model
        Fitted.
    table : (n_rows, n_features) frame
        The very object whose answers are known; the model is called for any other.
    answer
        Name of a method -> its answers for the rows of the table.
    """

    def __init__(self, model: object, table: object, answer: Callable[[str], object]) -> None:
        self._model, self._table, self._answer = model, table, answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the model has
        """Return the attribute of the model, or a method that remembers."""
        found = getattr(self._model, name)
        if name not in METHODS:
            return found

        @wraps(found)
        def answer(table: object) -> object:
            return self._answer(name) if table is self._table else found(table)

        return answer


def answered(model: object, table: object) -> AnsweredModel:
    """Return a model that is called at most once per method for this table."""
    return AnsweredModel(model, table, cache(lambda name: getattr(model, name)(table)))


def answered_parts(
    model: object,
    table: Any,  # noqa: ANN401 - a frame or an array
    n_rows: int,
) -> Iterator[tuple[AnsweredModel, Any]]:
    """Return the parts of `n_rows` rows, each with a model that answers for it; as `answered`."""
    whole = answered(model, table)
    for start in range(0, len(table), n_rows):
        rows = slice(start, start + n_rows)
        part = table[rows]
        yield AnsweredModel(model, part, partial(_answer_rows, whole, table, rows)), part


def _answer_rows(whole: AnsweredModel, table: object, rows: slice, name: str) -> object:
    return getattr(whole, name)(table)[rows]


def score_classes(
    model: Any,  # noqa: ANN401 - a fitted classifier
    features: pd.DataFrame | NDArray[np.float64],
    classes: Sequence[object],
) -> NDArray[np.float64] | None:
    """Return `predict_proba`, else `decision_function`, else None; see `CrossValidation`.

    A class that the model has not met, as early rows may lack it, has the probability 0 or the
    lowest score of the row.
    """
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    if not hasattr(model, method):
        return None
    scores = np.asarray(getattr(model, method)(features), dtype=float)
    met = [classes.index(label) for label in getattr(model, "classes_", classes)]
    if scores.ndim == 1 and len(classes) > BINARY:
        scores = np.column_stack([-scores, scores])
    if scores.ndim == BINARY and len(met) < len(classes):
        lowest = 0.0 if method == "predict_proba" else scores.min(axis=1, keepdims=True)
        every = np.broadcast_to(lowest, (len(scores), len(classes))).copy()
        every[:, met] = scores
        scores = every
    return scores[:, 1] if scores.ndim == BINARY == len(classes) else scores
