"""What is wrong with the features of an estimator, found before a run is opened."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from runforest.foundation.errors import Problem
from runforest.foundation.importing import import_object
from runforest.model.estimators import build_estimator, estimator_class
from runforest.model.features.choice import (
    BOOSTERS,
    HIST,
    MAX_CATEGORIES,
    NATIVE,
    NONE,
    choose_features,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runforest.model.estimator_spec import EstimatorSpec


def feature_problems(spec: EstimatorSpec) -> Iterator[Problem]:
    """Yield what is wrong with [Features] for an estimator that can be built."""
    choice, name = choose_features(spec), estimator_class(spec.import_path).__name__
    if choice.pipeline:
        for message in filter(None, [_pipeline_problem(choice.pipeline, dict(spec.features))]):
            yield Problem(where="[Features]", key="pipeline", message=message)
        return
    if choice.encode == NATIVE and choice.family not in (*BOOSTERS, HIST):
        message = f"{name} has no categories of its own. Use one_hot, ordinal or target, or an "
        message += f"estimator that has: {', '.join((*BOOSTERS, HIST))}."
        yield Problem(where="[Features]", key="categories.encode", message=message)
    if choice.max_categories != MAX_CATEGORIES and choice.encode != "one_hot":
        message = f'counts for encode = "one_hot", but it is {choice.encode}. Remove one of them.'
        yield Problem(where="[Features]", key="categories.max_categories", message=message)
    if choice.impute == NONE and not _takes_missing(spec):
        message = f'{name} takes no missing numbers. Use "median", which changes no other ones.'
        yield Problem(where="[Features]", key="numbers.impute", message=message)


def _pipeline_problem(path: str, table: Mapping[str, object]) -> str | None:
    others = sorted(table.keys() - {"pipeline"})
    if others:
        return f"the function decides about all columns. Remove it, or {', '.join(others)}."
    try:
        build = import_object(path)
    except ValueError as error:
        return str(error)
    if callable(build) and len(inspect.signature(build).parameters) in (1, 2):
        return None
    return f"`{path}` must be a function of the roles, or of the estimator's spec and the roles."


def _takes_missing(spec: EstimatorSpec) -> bool:
    """Return whether an estimator takes missing numbers, as it says itself."""
    from sklearn.utils import get_tags

    if choose_features(spec).family in (*BOOSTERS, HIST):
        return True
    return bool(get_tags(build_estimator(spec)).input_tags.allow_nan)
