"""What is wrong with columns and an estimator, found before a run is opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.checks.boosting import own_stopping_problems
from runforest.foundation.errors import did_you_mean, near_miss
from runforest.foundation.parameters import show_value
from runforest.model.columns import TYPES
from runforest.model.estimators import (
    DEFAULT_ESTIMATORS,
    build_estimator,
    estimator_class,
    param_names,
    split_params,
)
from runforest.model.targets import TRANSFORMS, transform_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sklearn.base import BaseEstimator

    from runforest.foundation.estimator_names import Kind
    from runforest.model.columns import ColumnChoice
    from runforest.model.estimator_spec import EstimatorSpec

TARGET_TRANSFORM = (
    f"What the estimator learns in place of the target: {', '.join(TRANSFORMS)}; it is undone in "
    "predictions and scores. Empty for the target itself."
)
EARLY_STOPPING = (
    "End boosting when so many rounds have not improved the mean score of the folds; the best "
    "number of rounds is that of the model. 0 for all rounds."
)

MAX_SEED = 2**32 - 1


def column_problems(
    choice: ColumnChoice, train: Sequence[str], test: Sequence[str], left_out: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of each mistake, given the columns of both files.

    Those `left_out` are in no table, since the test file lacks them.
    """
    for key in ("train_columns", "drop_columns", "rename", "test_columns"):
        columns = test if key == "test_columns" else train
        for name in getattr(choice, key):
            if name not in columns:
                yield key, f'"{name}" is not a column of the file. {did_you_mean(name, columns)}'
    fixed = [name for name in (choice.target, choice.id) if name]
    for key in ("drop_columns", "rename"):
        for name in [name for name in fixed if name in getattr(choice, key)]:
            message = f'"{name}" is the target or the id, which are kept as they are. Take it out.'
            yield key, message
    if not choice.rename.keys() & set(fixed):
        train = [one for one in train if one not in left_out or one in choice.train_columns]
        yield from list(_new_names(choice, train)) or _features(choice, train, test)


def _new_names(choice: ColumnChoice, train: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield new names that are no names, or that two columns would have."""
    for old, new in choice.rename.items():
        others = [choice.new_name(name) for name in choice.train(train) if name != old]
        if not isinstance(new, str) or not new:
            yield f"rename.{old}", f"expected a name, got {show_value(new)}."
        elif new in others:
            yield f"rename.{old}", f'another column is called "{new}". Choose another name.'


def _features(
    choice: ColumnChoice, train: Sequence[str], test: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the columns to learn from, and with the types."""
    roles = {choice.target, choice.id}
    features = {choice.new_name(name) for name in choice.train(train)} - roles
    missing = sorted(features - {choice.new_name(name) for name in choice.test(test)})
    if not features and set(choice.train_columns) <= set(train):
        key = "drop_columns" if choice.drop_columns else "train_columns"
        yield key, "no column is left to learn from, beside the target and the id. Keep some."
    if missing and test:
        message = f"the test table lacks {', '.join(missing)}, which the training table has. "
        yield "test_columns", f"{message}Add them, or leave them out of train_columns."
    for name, kind in choice.types.items():
        if kind not in TYPES:
            yield f"types.{name}", f'unknown type "{kind}". {did_you_mean(str(kind), TYPES)}'
        if name not in features | roles:
            yield f"types.{name}", f"no such column is kept. {did_you_mean(name, features)}"


def estimator_problems(spec: EstimatorSpec) -> dict[str, str]:
    """Return what is wrong with a specification, by key; empty when it can be built.

    Keys are `estimator`, `seed` and `params.<name>`.
    """
    problems = {}
    if spec.seed not in range(MAX_SEED + 1):
        problems["seed"] = f"expected an integer from 0 to {MAX_SEED}, got {spec.seed!r}."
    try:
        factory = estimator_class(spec.import_path)
    except ValueError as error:
        return problems | {"estimator": str(error)}
    own, nested = split_params(spec)
    inner = {
        f"params.{name}.{key}".removesuffix(".estimator").replace(".params.", "."): message
        for name, one in nested.items()
        for key, message in estimator_problems(one).items()
    }
    unknown = param_name_problems(spec, own | nested)
    problems |= {f"params.{name}": message for name, message in unknown.items()}
    known: dict[str, object] = {name: own[name] for name in own if name not in unknown}
    if not inner:
        known |= {name: build_estimator(nested[name]) for name in nested if name not in unknown}
    return problems | (inner or _value_problems(factory, known, spec.kind))


def transform_problems(spec: EstimatorSpec, lowest: float | None) -> dict[str, str]:
    """Return what is wrong with the transform of a target whose least value is `lowest`."""
    is_regression = spec.kind == "regression"
    problem = transform_problem(spec.target_transform, is_regression=is_regression, lowest=lowest)
    return {"target_transform": problem} if problem else {}


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
    _, nested = split_params(spec)
    problems = own_stopping_problems(factory, names)
    for name in [name for name in names if name not in problems]:
        outer, _, inner = name.partition("__")
        if inner and outer in nested:
            if found := param_name_problems(nested[outer], [inner]):
                problems[name] = found[inner]
            continue
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
    from sklearn.base import is_classifier, is_regressor

    problems: dict[str, str] = {}
    remaining = dict(params)
    try:
        estimator = factory(**params)
        while refusal := _refused_value(factory(**remaining)):
            name, message = refusal
            problems[f"params.{name}"] = message
            if name not in remaining:
                break
            del remaining[name]
    except (TypeError, ValueError) as error:
        return problems | {"estimator": f"{factory.__name__} cannot be built: {error}."}
    if not {"classification": is_classifier, "regression": is_regressor}[kind](estimator):
        problems["estimator"] = (
            f"{factory.__name__} does not fit a {kind} target. "
            f"Choose one that does, such as `{DEFAULT_ESTIMATORS[kind]}`, or correct the kind."
        )
    return problems


def _refused_value(estimator: BaseEstimator) -> tuple[str, str] | None:
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
        name, rule, got = _REFUSED_VALUE.fullmatch(str(error)).groups()  # type: ignore[union-attr]
        return name, f"must be {rule}, got {got}."
    return None


_REFUSED_VALUE = re.compile(
    r"The '(\w+)' parameter of \w+ must be (.*)\. Got (.*) instead\.", re.DOTALL
)
