"""The estimator of an experiment, built with its features.

Learned transformations live inside the pipeline, so that each fold and the final model fit them
on their own training rows.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from runforest.foundation.estimator_names import Kind, estimator_path, unknown_name
from runforest.foundation.importing import import_object
from runforest.model.features.build import build_features
from runforest.model.features.choice import NESTED, choose_features, nested_estimator
from runforest.model.features.native import native_options
from runforest.model.targets import wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.table.roles import Roles

DEFAULT_ESTIMATORS: dict[Kind, str] = {
    "classification": "sklearn.linear_model.RidgeClassifier",
    "regression": "sklearn.linear_model.Ridge",
}
SEED_PARAMS = ("random_state", "random_seed", "seed")
"""Names of one and the same option; CatBoost refuses two of them at once."""

QUIET: dict[str, dict[str, object]] = {
    "catboost": {"verbose": False, "allow_writing_files": False},
    "lightgbm": {"verbose": -1},
}
_VERBOSITY = ("verbose", "verbosity", "verbose_eval", "silent", "logging_level")


def build_estimator(spec: EstimatorSpec, roles: Roles | None = None) -> BaseEstimator:
    """Return the bare, unfitted estimator, seeded where it has a seed and none is given.

    With the roles of its columns it takes categories as such where the features leave them so, or
    the estimator within it does.
    """
    factory = estimator_class(spec.import_path)
    own, nested = split_params(spec)
    built = {name: _build_nested(spec, one, roles) for name, one in nested.items()}
    native = native_options(spec, roles) if roles and not nested else {}
    params = {**_quiet(spec, own), **native, **own, **built}
    if "random_state" in param_names(factory)[0] and not params.keys() & set(SEED_PARAMS):
        params["random_state"] = spec.seed
    return factory(**params)


def _quiet(spec: EstimatorSpec, given: Mapping[str, object]) -> Mapping[str, object]:
    """Return options with which a booster prints no line per round, unless its own say it."""
    package = estimator_path(spec.path, spec.kind).partition(".")[0]
    if package not in QUIET or given.keys() & set(_VERBOSITY):
        return {}
    return QUIET[package]


def _build_nested(spec: EstimatorSpec, nested: EstimatorSpec, roles: Roles | None) -> BaseEstimator:
    is_same = choose_features(spec).family == choose_features(nested).family
    return build_estimator(nested, roles if is_same else None)


def split_params(spec: EstimatorSpec) -> tuple[dict[str, object], dict[str, EstimatorSpec]]:
    """Return the parameters that are values, and those that are estimators, as specifications.

    An estimator is a name or an import path, or a table of `class` and its parameters; further
    ones may stand beside it, as `regressor__depth`.
    """
    own, nested = dict(spec.params), {}
    for name in [name for name in NESTED if name in own]:
        path, params = nested_estimator(own[name])
        if path is None:
            continue
        del own[name]
        for key in [key for key in own if key.startswith(f"{name}__")]:
            params[key.removeprefix(f"{name}__")] = own.pop(key)
        nested[name] = replace(spec, path=path, params=params)
    return own, nested


def build_pipeline(spec: EstimatorSpec, roles: Roles) -> Pipeline:
    """Return the unfitted pipeline of features and estimator; it is fitted on a data frame."""
    from sklearn.pipeline import Pipeline

    steps = [("features", build_features(spec, roles)), ("estimator", build_wrapped(spec, roles))]
    return Pipeline(steps)


def build_wrapped(spec: EstimatorSpec, roles: Roles | None = None) -> BaseEstimator:
    """Return the unfitted estimator as it takes the target of the table, and predicts it."""
    return wrap(build_estimator(spec, roles), spec.target_transform)


def estimator_class(path: str) -> type[BaseEstimator]:
    """Return the class that a path names; raise ValueError if there is none or no estimator."""
    if path and "." not in path:
        raise ValueError(unknown_name(path))
    found = import_object(path)
    if inspect.isclass(found) and hasattr(found, "fit") and hasattr(found, "get_params"):
        return cast("type[BaseEstimator]", found)
    message = (
        f"`{path}` is not a scikit-learn estimator: it must be a class with `fit` and "
        f"`get_params`. Name one, such as `{DEFAULT_ESTIMATORS['regression']}`."
    )
    raise ValueError(message)


def param_names(factory: type[BaseEstimator]) -> tuple[list[str], bool]:
    """Return the constructor's parameters, and whether it takes any other keyword too."""
    names: set[str] = set()
    takes_any = False
    # A constructor with `**kwargs` hands them to the next class.
    for base in (base for base in inspect.getmro(factory) if "__init__" in vars(base)):
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        if not takes_any:
            break
    return sorted(names - {"self"}), takes_any
