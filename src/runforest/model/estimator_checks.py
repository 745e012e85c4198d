"""What is wrong with an estimator and its parameters, found while the configuration is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.errors import near_miss
from runforest.model.estimators import DEFAULT_ESTIMATORS, estimator_class, param_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sklearn.base import BaseEstimator

    from runforest.model.estimators import EstimatorSpec, Kind

MAX_SEED = 2**32 - 1


def estimator_problems(spec: EstimatorSpec) -> dict[str, str]:
    """Return what is wrong with a specification, by key; empty when it can be built.

    Keys are `estimator`, `seed` and `params.<name>`.
    """
    problems = {}
    if isinstance(spec.seed, bool) or spec.seed not in range(MAX_SEED + 1):
        problems["seed"] = f"expected an integer from 0 to {MAX_SEED}, got {spec.seed!r}."
    try:
        factory = estimator_class(spec.import_path)
    except ValueError as error:
        return problems | {"estimator": str(error)}
    unknown = param_name_problems(spec, spec.params)
    problems |= {f"params.{name}": message for name, message in unknown.items()}
    known = {name: value for name, value in spec.params.items() if name not in unknown}
    return problems | _value_problems(factory, known, spec.kind)


def param_name_problems(spec: EstimatorSpec, names: Iterable[str]) -> dict[str, str]:
    """Return a message for each name that is no parameter of the estimator.

    Classes that take any keyword (LightGBM, XGBoost) are searched for near misses only.

    Raises
    ------
    ValueError
        The estimator cannot be imported.
    """
    factory = estimator_class(spec.import_path)
    known, is_open = param_names(factory)
    problems = {}
    for name in names:
        hint = near_miss(name, known, cutoff=0.8 if is_open else 0.6)
        if name in known or (is_open and not hint):
            continue
        remedy = hint or f"Known parameters: {', '.join(known)}."
        problems[name] = f"unknown parameter of {factory.__name__}. {remedy}"
    return problems


def _value_problems(
    factory: type[BaseEstimator], params: Mapping[str, object], kind: Kind
) -> dict[str, str]:
    """Return a message per parameter whose value the estimator itself refuses, and of its kind."""
    problems: dict[str, str] = {}
    remaining = dict(params)
    try:
        estimator = factory(**params)
        while refusal := _refusal(factory(**remaining)):
            name, message = refusal
            problems[f"params.{name}"] = message
            if name not in remaining:
                break
            del remaining[name]
    except (TypeError, ValueError) as error:
        return problems | {"estimator": f"{factory.__name__} cannot be built: {error}."}
    from sklearn.base import is_classifier, is_regressor

    is_kind = {"classification": is_classifier, "regression": is_regressor}
    if not is_kind[kind](estimator):
        problems["estimator"] = (
            f"{factory.__name__} does not fit a {kind} target. "
            f"Choose one that does, such as `{DEFAULT_ESTIMATORS[kind]}`, or correct the kind."
        )
    return problems


def _refusal(estimator: BaseEstimator) -> tuple[str, str] | None:
    """Return the first parameter that scikit-learn refuses, and why.

    `_validate_params` is private, but it is what `fit` calls first, and nothing public checks
    values without data. An estimator that lacks it is checked by its first trial.
    """
    from sklearn.utils._param_validation import InvalidParameterError

    validate = getattr(estimator, "_validate_params", None)
    if validate is None or not hasattr(estimator, "_parameter_constraints"):
        return None
    try:
        validate()
    except InvalidParameterError as error:
        name, rule, got = _REFUSAL.fullmatch(str(error)).groups()  # type: ignore[union-attr]
        return name, f"must be {rule}, got {got}."
    return None


_REFUSAL = re.compile(r"The '(\w+)' parameter of \w+ must be (.*)\. Got (.*) instead\.", re.DOTALL)
