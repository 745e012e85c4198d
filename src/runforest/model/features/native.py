"""How an estimator is told which of its columns are categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.model.features.build import DATE_PARTS, TIME_PARTS, is_strings, used
from runforest.model.features.choice import HIST, NATIVE, FeatureChoice, choose_features
from runforest.model.features.texts import TEXT_COMPONENTS
from runforest.table.roles import columns_of

if TYPE_CHECKING:
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.table.roles import Roles

OPTIONS = {"catboost": "cat_features", "lightgbm": "cat_feature", HIST: "categorical_features"}
"""Family -> the option of the estimator that takes the positions of the categories. LightGBM's
own name of it, `categorical_feature`, is taken with a warning that it is ignored."""


def native_options(spec: EstimatorSpec, roles: Roles) -> dict[str, object]:
    """Return the options by which the estimator takes the categories of `build_features` as such.

    Empty for all but native categories.
    """
    choice = choose_features(spec)
    n_categories = len(columns_of(roles, "category"))
    if choice.encode != NATIVE or choice.pipeline or not n_categories:
        return {}
    if choice.family == "xgboost":
        types = ["c"] * n_categories + ["q"] * _n_numbers(choice, roles)
        return {"enable_categorical": True, "feature_types": types}
    # A tuple: scikit-learn cannot clone a CatBoost model that has a list.
    first = len(columns_of(roles, "number")) if is_strings(choice) else 0
    return {OPTIONS[choice.family]: tuple(range(first, first + n_categories))}


def _n_numbers(choice: FeatureChoice, roles: Roles) -> int:
    """Return how many columns follow the categories."""
    dates = [roles[name].has_hours for name in used(choice.dates, "date", roles)]
    n_parts = sum(len(DATE_PARTS) + 1 + len(TIME_PARTS) * has_hours for has_hours in dates)
    n_directions = TEXT_COMPONENTS * len(used(choice.text, "text", roles))
    n_single = sum(len(columns_of(roles, role)) for role in ("number", "boolean"))
    return n_single + n_parts + n_directions
