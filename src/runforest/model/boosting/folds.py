"""What boosting scores on the folds of a cross-validation, and after how many rounds."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runforest.model.boosting.libraries import Library, library_of
from runforest.model.boosting.lockstep import Lockstep, run_together
from runforest.model.estimators import build_estimator, estimator_class
from runforest.model.metrics import direction
from runforest.model.scoring import defined_score, named_scorer, score_model
from runforest.model.targets import inner_values, outer_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.folds import FoldRows
    from runforest.model.scoring import Scores


@dataclass(frozen=True, kw_only=True)
class BoostedFolds:
    """What a training of all folds came to.

    Attributes
    ----------
    scores
        One per fold, after `n_rounds`.
    n_rounds
        With early stopping, those after which the mean of the first objective is best; all of them
        otherwise.
    is_over
        Whether more rounds would change nothing: the estimator has no more, or it has stopped.
    """

    scores: list[Scores]
    n_rounds: int
    is_over: bool


def boost_folds(
    spec: EstimatorSpec,
    folds: Sequence[FoldRows],
    objectives: Sequence[str],
    *,
    n_rounds: int | None = None,
) -> BoostedFolds:
    """Train all folds round by round together, and return what they score.

    After each round the rows left out are predicted and scored by the first objective, on the
    target's own scale; with `early_stopping_rounds`, the training ends when the mean over the folds
    has not become better for so many rounds. That does not change the trees: a fold scores what
    one `fit` with so many rounds makes it score.

    Parameters
    ----------
    folds
        With their features applied.
    objectives
        The first is a score; times are those of all folds together, divided by their number.
    n_rounds
        To train fewer rounds than the estimator has.

    References
    ----------
    Prechelt (1998), "Early Stopping - But When?". `catboost.cv` takes the same minimum of the mean.
    """
    library, total = _library(spec), rounds_of(spec)
    n_rounds = min(n_rounds or total, total)
    sign = 1 if direction(objectives[0]) == "maximize" else -1
    lockstep = Lockstep(len(folds), patience=spec.early_stopping_rounds, sign=sign)
    spec = replace(spec, params={**spec.params, library.rounds_name(spec.params): n_rounds})
    watched = [_Watched(spec, rows, objectives[0], lockstep, i) for i, rows in enumerate(folds)]
    clock = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_together(lockstep, [partial(each.train, library) for each in watched])
    seconds = (time.perf_counter() - clock) / len(folds)
    stops = bool(spec.early_stopping_rounds)
    return BoostedFolds(
        scores=[
            score_model(each.answer(is_best=stops), each.rows, objectives, fit_time_s=seconds)
            for each in watched
        ],
        n_rounds=(lockstep.best_round if stops else 0) or lockstep.n_rounds,
        is_over=lockstep.has_converged or n_rounds == total or lockstep.n_rounds < n_rounds,
    )


def rounds_of(spec: EstimatorSpec) -> int:
    """Return the greatest number of rounds of a booster."""
    return _library(spec).n_rounds(spec.params)


def with_rounds(spec: EstimatorSpec, n_rounds: int) -> dict[str, object]:
    """Return the number of rounds as a parameter of a booster."""
    return {_library(spec).rounds_name(spec.params): n_rounds}


def is_booster(spec: EstimatorSpec) -> bool:
    """Return whether the estimator is one of XGBoost, LightGBM or CatBoost."""
    return library_of(estimator_class(spec.import_path)) is not None


def _library(spec: EstimatorSpec) -> Library:
    library = library_of(estimator_class(spec.import_path))
    if library is None:
        message = f"{spec.import_path} does not boost in rounds that can be watched"
        raise ValueError(message)
    return library


class _Watched:
    """The training of a fold, and what the model predicts for the rows left out."""

    def __init__(
        self, spec: EstimatorSpec, rows: FoldRows, objective: str, lockstep: Lockstep, fold: int
    ) -> None:
        self.rows = rows
        self._spec, self._lockstep, self._fold = spec, lockstep, fold
        self._estimator = build_estimator(spec, rows.roles)
        self._scorer = named_scorer(objective, rows.labels)
        self._last: Any = None
        self._best: Any = None
        has_classes = spec.kind == "classification"
        self._classes = _class_order(self._estimator, rows.train_values) if has_classes else None

    def train(self, library: Library) -> None:
        """Fit the model, and score it after each round."""
        transform = self._spec.target_transform
        values = inner_values(self._estimator, transform, self.rows.train_values)
        library.watch(self._estimator, self.rows.train, values, self.rows.test, self._on_round)

    def answer(self, *, is_best: bool) -> BaseEstimator:
        """Return a model that predicts as after the best round, or after the last one."""
        is_known = 0 < self._lockstep.best_round <= self._lockstep.length(self._fold)
        return self._answer(self._best if is_best and is_known else self._last)

    def _on_round(self, predicted: NDArray[np.float64]) -> bool:
        self._last = outer_values(self._spec.target_transform, predicted)
        score = defined_score(self._scorer, self._answer(self._last), self.rows)
        verdict = self._lockstep.judge(self._fold, score)
        if verdict.is_best:
            self._best = self._last
        return verdict.goes_on

    def _answer(self, predicted: NDArray[np.float64]) -> BaseEstimator:
        from runforest.model.boosting.predicted import PredictedClasses, PredictedNumbers

        if self._classes is None:
            return PredictedNumbers(predicted)
        return PredictedClasses(predicted, self._classes)


def _class_order(estimator: BaseEstimator, values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the classes in the order of the probabilities.

    CatBoost sorts texts that are numbers by these: 2, 9, 10.
    """
    import numpy as np

    classes = np.unique(values)
    is_catboost = any(base.__module__.startswith("catboost.") for base in type(estimator).__mro__)
    if not is_catboost:
        return classes
    try:
        return classes[np.argsort([float(str(each)) for each in classes], kind="stable")]
    except ValueError:
        return classes
