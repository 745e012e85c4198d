"""How each role becomes numbers: as `[Features]` says, and else as suits the estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from runforest.foundation.estimator_names import estimator_path
from runforest.foundation.importing import import_object

if TYPE_CHECKING:
    from runforest.model.estimator_spec import EstimatorSpec

NONE = "none"
NATIVE = "native"
MAX_CATEGORIES = 20

BOOSTERS = ("catboost", "lightgbm", "xgboost")
NESTED = ("regressor", "estimator", "base_estimator", "final_estimator")
"""Parameters that are estimators themselves."""

HIST = "hist_gradient_boosting"
HIST_BINS = 255
"""Of scikit-learn's, the one family with categories of its own."""


@dataclass(frozen=True, kw_only=True)
class FeatureChoice:
    """What is done with each role.

    Attributes
    ----------
    impute
        What stands for a missing number: a statistic of the column, a number, or `none`, which
        leaves it to the estimator.
    scale
        To which scale numbers are brought; `none` for their own.
    missing
        Text that stands for a missing category; empty where it is a value of its own.
    encode
        How categories become numbers.
    max_categories
        One-hot columns of a category; its rarest values share the last.
    dates, text
        What is done with these columns, or `drop`.
    pipeline
        Import path of a function that builds the features instead.
    family
        Which estimator's own way `native` means: one of `BOOSTERS`, or `HIST`.
    max_native
        Values of a category that the estimator takes; beyond them the rarest share one.
    """

    impute: str | float
    scale: str
    missing: str = ""
    encode: str
    max_categories: int = MAX_CATEGORIES
    dates: str = "parts"
    text: str = "tfidf"
    pipeline: str = ""
    family: str = ""
    max_native: int | None = None


LINEAR = FeatureChoice(impute="median", scale="standard", encode="one_hot")
"""For all estimators that compare or add columns: linear models, SVMs, neighbours, networks."""

TREES = FeatureChoice(impute="median", scale=NONE, encode="one_hot")
"""For scikit-learn's trees, whose splits no scale changes. One column per value, of at most
twenty: an order of the values, which they do not have, would decide what a split can part."""

NATIVES = FeatureChoice(impute=NONE, scale=NONE, encode=NATIVE)
"""For estimators that take categories and missing values as they are."""


def choose_features(spec: EstimatorSpec) -> FeatureChoice:
    """Return what is done with each role for an estimator that can be imported."""
    family = find_family(spec)
    choice = replace(NATIVES if family in (*BOOSTERS, HIST) else LINEAR, family=family)
    if family == HIST:
        bins = spec.params.get("max_bins")
        choice = replace(choice, max_native=bins if isinstance(bins, int) else HIST_BINS)
    if family == "trees":
        choice = replace(TREES, family=family)
    table = cast("Mapping[str, Any]", spec.features)
    known: dict[str, Any] = {
        **{key: value for key, value in table.items() if not isinstance(value, Mapping)},
        **table.get("numbers", {}),
        **table.get("categories", {}),
    }
    return replace(choice, **known)


def find_family(spec: EstimatorSpec) -> str:
    """Return the family that an estimator belongs to, or that of the one around which it stands.

    One of `BOOSTERS`, `HIST`, "trees" for the others of scikit-learn, or nothing.
    """
    inner = [nested_estimator(spec.params.get(key))[0] for key in NESTED]
    for path in (*(estimator_path(one, spec.kind) for one in inner if one), spec.import_path):
        if family := _family_of(path):
            is_linear = spec.params.get("booster") == "gblinear"  # XGBoost's, which adds columns
            return "" if is_linear else family
    return ""


def nested_estimator(value: object) -> tuple[str | None, dict[str, object]]:
    """Return the name or path of an estimator that is a parameter, and its own parameters."""
    if isinstance(value, Mapping):
        params = dict(value)
        return params.pop("class", None), params
    return (value, {}) if isinstance(value, str) else (None, {})


def _family_of(path: str) -> str:
    try:
        found = import_object(path)
    except ValueError:
        return ""
    for base in getattr(found, "__mro__", ()):
        package = str(base.__module__).partition(".")[0]
        if package in BOOSTERS:
            return package
        if base.__module__.startswith("sklearn.ensemble._hist_gradient_boosting"):
            return HIST
        if base.__module__ in _TREE_MODULES:
            return "trees"
    return ""


_TREE_MODULES = ("sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.tree._classes")
