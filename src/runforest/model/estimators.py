"""The estimator of an experiment: checked while the configuration is read, built with its features.

Learned transformations live inside the pipeline, so that each fold and the final model fit them
on their own training rows. Modules outside scikit-learn are imported by path, when asked for.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from runforest.importing import import_object, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

Kind = Literal["classification", "regression"]

DEFAULT_ESTIMATORS: dict[Kind, str] = {
    "classification": "sklearn.linear_model.RidgeClassifier",
    "regression": "sklearn.linear_model.Ridge",
}
SEED_PARAMS = ("random_state", "random_seed", "seed")
"""Names of one and the same option; CatBoost refuses two of them at once."""

MAX_SEED = 2**32 - 1
MAX_CATEGORIES = 20
DATE_TYPES: list[Literal["datetime", "datetimetz", "timedelta"]] = [
    "datetime",
    "datetimetz",
    "timedelta",
]

TRUSTED_TYPES = ("numpy.dtype", "sklearn.compose._column_transformer.make_column_selector")
"""Harmless types of every pipeline built here, which skops refuses unless it is told of them."""


@dataclass(frozen=True, kw_only=True)
class EstimatorSpec:
    """What is needed to build an estimator, as a value that can be sent to another process.

    An empty `path` stands for the default of the kind, a ridge model.
    """

    path: str
    params: Mapping[str, object]
    seed: int
    kind: Kind

    @property
    def import_path(self) -> str:
        """The path itself, or that of the default."""
        return self.path or DEFAULT_ESTIMATORS[self.kind]


def estimator_problems(spec: EstimatorSpec) -> dict[str, str]:
    """Return what is wrong with a specification, by key; empty when it can be built.

    Keys are `estimator`, `seed` and `params.<name>`.
    """
    problems = _seed_problems(spec.seed)
    try:
        factory = _estimator_class(spec.import_path)
    except ValueError as error:
        return problems | {"estimator": str(error)}
    unknown = param_name_problems(spec, spec.params)
    problems |= {f"params.{name}": message for name, message in unknown.items()}
    known = {name: value for name, value in spec.params.items() if name not in unknown}
    return problems | _value_problems(factory, known) | _kind_problems(factory, known, spec.kind)


def param_name_problems(spec: EstimatorSpec, names: Iterable[str]) -> dict[str, str]:
    """Return a message for each name that is no parameter of the estimator.

    Classes that take any keyword (LightGBM, XGBoost) are searched for near misses only.

    Raises
    ------
    ValueError
        The estimator cannot be imported.
    """
    factory = _estimator_class(spec.import_path)
    known, is_open = _param_names(factory)
    problems = {}
    for name in names:
        hint = near_miss(name, known, cutoff=0.8 if is_open else 0.6)
        if name in known or (is_open and not hint):
            continue
        remedy = hint or f"Known parameters: {', '.join(known)}."
        problems[name] = f"unknown parameter of {factory.__name__}. {remedy}"
    return problems


def build_estimator(spec: EstimatorSpec) -> BaseEstimator:
    """Return the bare, unfitted estimator, seeded where it has a seed and none is given."""
    factory = _estimator_class(spec.import_path)
    params = dict(spec.params)
    if "random_state" in _param_names(factory)[0] and not params.keys() & set(SEED_PARAMS):
        params["random_state"] = spec.seed
    return factory(**params)


def build_pipeline(spec: EstimatorSpec) -> Pipeline:
    """Return the unfitted pipeline of features and estimator; it is fitted on a data frame."""
    from sklearn.pipeline import Pipeline

    return Pipeline([("features", build_features()), ("estimator", build_estimator(spec))])


def build_features() -> ColumnTransformer:
    """Return the unfitted features of all estimators.

    - Numbers: missing values become the median of the column, then mean 0 and variance 1.
      A column without any value becomes 0.
    - Text, categories and booleans: one column per value, the rarest beyond 20 together; missing
      is a value of its own; a value unseen while fitting counts as rare, or as none of them.
      Missing values of the nullable `string` type must be converted first (`astype("str")`):
      scikit-learn cannot sort `pandas.NA`, and skops cannot load a pipeline that holds it.
    - Dates and durations are left out (see `ignored_columns`): no encoding suits all of them, so
      it belongs in the preprocessor.
    """
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = SimpleImputer(strategy="median", keep_empty_features=True)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False
    )
    return ColumnTransformer(
        [
            (
                "numbers",
                Pipeline([("impute", numbers), ("scale", StandardScaler())]),
                make_column_selector(dtype_include="number", dtype_exclude="timedelta"),
            ),
            (
                "categories",
                one_hot,
                make_column_selector(dtype_exclude=["number", *DATE_TYPES]),
            ),
        ]
    )


def ignored_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that `build_pipeline` leaves out: dates and durations."""
    return [str(name) for name in table.select_dtypes(include=[*DATE_TYPES]).columns]


def _estimator_class(path: str) -> type[BaseEstimator]:
    found = import_object(path)
    if inspect.isclass(found) and hasattr(found, "fit") and hasattr(found, "get_params"):
        return cast("type[BaseEstimator]", found)
    message = (
        f"`{path}` is not a scikit-learn estimator: it must be a class with `fit` and "
        f"`get_params`. Name one, such as `{DEFAULT_ESTIMATORS['regression']}`."
    )
    raise ValueError(message)


def _param_names(factory: type[BaseEstimator]) -> tuple[list[str], bool]:
    """Return the constructor's parameters, and whether it takes any other keyword too.

    A constructor with `**kwargs` hands them to the next class, so that one's names count as well.
    """
    names: set[str] = set()
    takes_any = False
    for base in (base for base in inspect.getmro(factory) if "__init__" in vars(base)):
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        if not takes_any:
            break
    return sorted(names - {"self"}), takes_any


def _seed_problems(seed: object) -> dict[str, str]:
    if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= MAX_SEED:
        return {}
    return {"seed": f"expected an integer from 0 to {MAX_SEED}, got {seed!r}."}


def _value_problems(factory: type[BaseEstimator], params: Mapping[str, object]) -> dict[str, str]:
    """Return a message per parameter whose value the estimator itself refuses."""
    remaining = dict(params)
    problems: dict[str, str] = {}
    while True:
        try:
            refusal = _refusal(factory(**remaining))
        except (TypeError, ValueError) as error:
            return problems | {"estimator": f"{factory.__name__} cannot be built: {error}."}
        if refusal is None:
            return problems
        name, message = refusal
        problems[f"params.{name}"] = message
        if name not in remaining:
            return problems
        del remaining[name]


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


def _kind_problems(
    factory: type[BaseEstimator], params: Mapping[str, object], kind: Kind
) -> dict[str, str]:
    from sklearn.base import is_classifier, is_regressor

    try:
        estimator = factory(**params)
    except (TypeError, ValueError):
        return {}  # `_value_problems` has said so.
    is_kind = {"classification": is_classifier, "regression": is_regressor}
    if is_kind[kind](estimator):
        return {}
    message = (
        f"{factory.__name__} does not fit a {kind} target. "
        f"Choose one that does, such as `{DEFAULT_ESTIMATORS[kind]}`, or correct the kind."
    )
    return {"estimator": message}
