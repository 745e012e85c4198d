"""XGBoost, LightGBM and CatBoost: what each calls its options, and how its rounds are watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

    OnRound = Callable[[NDArray[np.float64]], bool]
    """Gets what the model so far predicts for the validation rows; returns whether to go on.

    Numbers for a regression, (n_rows,); for classes their probabilities, (n_rows, n_classes).
    """

    Watch = Callable[["BaseEstimator", Any, NDArray[np.generic], Any, OnRound], None]
    """Fits an estimator on rows and their target, and calls with the other rows after each round.

    The target of the other rows stays unknown to it.
    """


@dataclass(frozen=True, kw_only=True)
class Library:
    """A library of boosted trees.

    Attributes
    ----------
    rounds
        Names of the option with the number of rounds; the first is the usual one.
    own_stopping
        Options that need validation rows in `fit`.
    """

    rounds: tuple[str, ...]
    default_rounds: int
    own_stopping: tuple[str, ...]
    watch: Watch

    def rounds_name(self, params: Mapping[str, object]) -> str:
        """Return the name of the option with the number of rounds, as given."""
        # The usual one may stand beside another name, which then counts.
        given = (name for name in self.rounds[::-1] if params.get(name) is not None)
        return next(given, self.rounds[0])

    def n_rounds(self, params: Mapping[str, object]) -> int:
        """Return the greatest number of rounds."""
        return int(str(params.get(self.rounds_name(params)) or self.default_rounds))


def library_of(factory: type[BaseEstimator]) -> Library | None:
    """Return the library that a class of estimators, or a base of it, is of; None of others."""
    packages = [base.__module__.partition(".")[0] for base in factory.__mro__]
    return next((LIBRARIES[name] for name in packages if name in LIBRARIES), None)


def _watch_xgboost(
    model: Any,  # noqa: ANN401
    rows: object,
    values: NDArray[np.generic],
    others: Any,  # noqa: ANN401
    on_round: OnRound,
) -> None:
    import numpy as np
    from xgboost.callback import TrainingCallback

    seen: list[NDArray[np.float64]] = []

    class Watcher(TrainingCallback):
        def after_iteration(self, *_state: object) -> bool:
            return not on_round(_as_table(seen[-1], has_classes=has_classes))

    def keep(_true: object, predicted: NDArray[np.float64]) -> float:
        seen[:] = [np.array(predicted, dtype=float)]
        return 0.0

    has_classes = hasattr(model, "predict_proba")
    model.set_params(eval_metric=keep, callbacks=[*(model.callbacks or ()), Watcher()])
    model.fit(rows, values, eval_set=[(others, _unknown(values, others))], verbose=False)


def _watch_lightgbm(
    model: Any,  # noqa: ANN401
    rows: object,
    values: NDArray[np.generic],
    others: Any,  # noqa: ANN401
    on_round: OnRound,
) -> None:
    import numpy as np
    from lightgbm.callback import EarlyStopException

    seen: list[NDArray[np.float64]] = []

    def keep(_true: object, predicted: NDArray[np.float64]) -> tuple[str, float, bool]:
        seen[:] = [np.array(predicted, dtype=float)]
        return "watched", 0.0, False

    def ask(environment: Any) -> None:  # noqa: ANN401
        if not on_round(_as_table(seen[-1], has_classes=hasattr(model, "predict_proba"))):
            raise EarlyStopException(environment.iteration, [])

    unknown = _unknown(values, others)
    model.fit(rows, values, eval_set=[(others, unknown)], eval_metric=keep, callbacks=[ask])


def _watch_catboost(
    model: Any,  # noqa: ANN401
    rows: object,
    values: NDArray[np.generic],
    others: Any,  # noqa: ANN401
    on_round: OnRound,
) -> None:
    metric = _CatBoostMetric()
    given = model.get_params()
    link = _catboost_link(
        str(given.get("loss_function")), has_classes=hasattr(model, "predict_proba")
    )

    class Watcher:
        def after_iteration(self, _info: object) -> bool:
            return on_round(link(metric.approximations))

    model.set_params(eval_metric=metric, allow_writing_files=False)
    pool = (others, _unknown(values, others))
    model.fit(rows, values, eval_set=pool, use_best_model=False, callbacks=[Watcher()])


class _CatBoostMetric:
    """A metric that holds what it is given: in each round the training rows, then the others."""

    def __init__(self) -> None:
        self.approximations: Any = None

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # CatBoost copies its parameters, and would fill a copy.

    def is_max_optimal(self) -> bool:
        return False

    def evaluate(self, approximations: object, _target: object, _weight: object) -> object:
        import numpy as np

        self.approximations = np.array(approximations)
        return 0.0, 1.0

    def get_final_error(self, error: float, _weight: float) -> float:
        return error


def _catboost_link(
    loss: str, *, has_classes: bool
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return what makes predictions of the raw values of the trees, (n_dimensions, n_rows)."""
    import numpy as np
    from scipy.special import expit, softmax

    if has_classes and loss.startswith("MultiClassOneVsAll"):
        return lambda raw: expit(raw).T
    if has_classes:
        return lambda raw: (
            softmax(raw, axis=0).T if len(raw) > 1 else _as_table(expit(raw[0]), has_classes=True)
        )
    if loss.startswith(("Poisson", "Tweedie")):
        return lambda raw: np.exp(raw[0])
    return lambda raw: raw[0]


def _as_table(predicted: NDArray[np.float64], *, has_classes: bool) -> NDArray[np.float64]:
    """Return a column per class where two classes have one probability."""
    import numpy as np

    if has_classes and predicted.ndim == 1:
        return np.column_stack([1 - predicted, predicted])
    return predicted


def _unknown(values: NDArray[np.generic], others: Any) -> NDArray[np.generic]:  # noqa: ANN401
    """Return something in place of the target of the other rows, of the right type and length."""
    import numpy as np

    return np.resize(values, len(others))


_LIGHTGBM_ROUNDS = (
    *("n_estimators", "num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees"),
    *("num_round", "num_rounds", "nrounds", "num_boost_round", "max_iter"),
)
_LIGHTGBM_STOPPING = (
    *("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"),
)

LIBRARIES: dict[str, Library] = {
    "xgboost": Library(
        rounds=("n_estimators",),
        default_rounds=100,
        own_stopping=("early_stopping_rounds",),
        watch=_watch_xgboost,
    ),
    "lightgbm": Library(
        rounds=_LIGHTGBM_ROUNDS,
        default_rounds=100,
        own_stopping=_LIGHTGBM_STOPPING,
        watch=_watch_lightgbm,
    ),
    "catboost": Library(
        rounds=("iterations", "n_estimators", "num_boost_round", "num_trees"),
        default_rounds=1000,
        own_stopping=("early_stopping_rounds", "od_type", "od_wait", "od_pval", "use_best_model"),
        watch=_watch_catboost,
    ),
}
