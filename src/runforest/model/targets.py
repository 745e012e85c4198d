"""What stands around an estimator: a transformed target, or classes as numbers.

All of it is scikit-learn's own, so that a saved model loads without Runforest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator


@dataclass(frozen=True, kw_only=True)
class Transform:
    """Names of NumPy's functions; the target must be above `low`, or equal where it `is_closed`."""

    function: str
    inverse: str
    low: float
    is_closed: bool = False


TRANSFORMS = {
    "log": Transform(function="log", inverse="exp", low=0.0),
    "log1p": Transform(function="log1p", inverse="expm1", low=-1.0),
    "sqrt": Transform(function="sqrt", inverse="square", low=0.0, is_closed=True),
}


def wrap(estimator: BaseEstimator, transform: str) -> BaseEstimator:
    """Return an estimator that takes and predicts the target on its own scale, with its own labels.

    `transform` names one of `TRANSFORMS`; empty for none.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import VotingClassifier

    if transform:
        functions = _functions(transform)
        return TransformedTargetRegressor(estimator, check_inverse=False, **functions)
    if needs_numbers(estimator):
        # A vote of one: it encodes labels while it is fitted and decodes what is predicted.
        return VotingClassifier([("estimator", estimator)], voting="soft")
    return estimator


def inner_values(
    estimator: BaseEstimator, transform: str, values: NDArray[np.generic]
) -> NDArray[np.generic]:
    """Return the target as the estimator itself is fitted on it within `wrap`."""
    import numpy as np

    if transform:
        function = _functions(transform)["func"]
        return cast("NDArray[np.generic]", function(np.asarray(values, dtype=float)))
    if needs_numbers(estimator):
        codes: NDArray[np.intp] = np.unique(values, return_inverse=True)[1]
        return codes
    return values


def outer_values(transform: str, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what an estimator fitted on `inner_values` predicts, on the scale of the target."""
    if not transform:
        return predicted
    return cast("NDArray[np.float64]", _functions(transform)["inverse_func"](predicted))


def wrap_fitted(
    fitted: BaseEstimator, transform: str, rows: object, values: NDArray[np.generic]
) -> BaseEstimator:
    """Return `wrap` of an estimator that was fitted on the `inner_values` of these rows."""
    from sklearn.frozen import FrozenEstimator

    outer = wrap(fitted, transform)
    if outer is fitted:
        return fitted
    return wrap(FrozenEstimator(fitted), transform).fit(rows, values)


def unwrap(estimator: BaseEstimator) -> BaseEstimator:
    """Return the unfitted estimator within what `wrap` returned."""
    params = estimator.get_params(deep=False)
    if "regressor" in params and "inverse_func" in params:
        return params["regressor"]
    if "voting" in params and len(params["estimators"]) == 1:
        return params["estimators"][0][1]
    return estimator


def needs_numbers(estimator: BaseEstimator) -> bool:
    """Return whether a classifier takes no labels but 0, 1, 2...: those of XGBoost."""
    from sklearn.base import is_classifier

    modules = (base.__module__ for base in type(estimator).__mro__)
    return is_classifier(estimator) and any(name.startswith("xgboost.") for name in modules)


def transform_problem(name: str, *, is_regression: bool, lowest: float | None) -> str | None:
    """Return why a target cannot be transformed, and the remedy; None when it can.

    `lowest` is the least value of the target, None where it is not known.

    >>> transform_problem("log", is_regression=True, lowest=0.0)
    'log needs a target above 0, but its least value is 0. Use log1p or sqrt, or leave it out.'
    """
    if not name:
        return None
    if name not in TRANSFORMS:
        return f'unknown transform "{name}". Choose one of: {", ".join(TRANSFORMS)}.'
    if not is_regression:
        return "only numbers are transformed, and this target is of classes. Leave it out."
    if lowest is None or _takes(TRANSFORMS[name], lowest):
        return None
    others = [key for key, transform in TRANSFORMS.items() if _takes(transform, lowest)]
    remedy = f"Use {' or '.join(others)}, or leave it out." if others else "Leave it out."
    transform = TRANSFORMS[name]
    least = f"{'of at least' if transform.is_closed else 'above'} {transform.low:g}"
    return f"{name} needs a target {least}, but its least value is {lowest:g}. {remedy}"


def _takes(transform: Transform, value: float) -> bool:
    return value >= transform.low if transform.is_closed else value > transform.low


def _functions(transform: str) -> dict[str, Callable[..., object]]:
    import numpy as np

    chosen = TRANSFORMS[transform]
    names = {"func": chosen.function, "inverse_func": chosen.inverse}
    return {key: getattr(np, name) for key, name in names.items()}
