"""Estimators by short names, and estimators within estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from runforest.checks.models import estimator_problems, param_name_problems
from runforest.foundation.estimator_names import SHORT_NAMES, Kind
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_estimator, build_pipeline
from runforest.model.features.choice import choose_features
from runforest.table.roles import feature_roles

ONE_KIND = {
    "elastic_net": "regression",
    "lasso": "regression",
    "linear_regression": "regression",
    "logistic_regression": "classification",
    "naive_bayes": "classification",
}
QUIET = {"verbose": 0, "allow_writing_files": False, "iterations": 3}
WRAPPER = "sklearn.compose.TransformedTargetRegressor"


def make_spec(path: str, kind: Kind = "regression", **params: object) -> EstimatorSpec:
    return EstimatorSpec(path=path, params=params, seed=5, kind=kind)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("name", SHORT_NAMES)
def test_a_short_name_is_the_estimator_of_the_kind(name: str, kind: Kind) -> None:
    problems = estimator_problems(make_spec(name, kind))

    if ONE_KIND.get(name, kind) == kind:
        assert problems == {}
    else:
        assert "Choose one that does, such as" in problems["estimator"]


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:
    problems = estimator_problems(make_spec("catbost"))

    assert "Did you mean `catboost`? Or give an import path." in problems["estimator"]


@pytest.mark.parametrize(
    "params",
    [
        {"regressor": "catboost.CatBoostRegressor", "regressor__depth": 4},
        {"regressor": "catboost", "regressor__depth": 4},
        {"regressor": {"class": "catboost.CatBoostRegressor", "depth": 4}},
    ],
)
def test_an_estimator_within_another_has_its_parameters_its_seed_and_its_categories(
    params: dict[str, object],
) -> None:
    table = pd.DataFrame({"size": np.arange(40.0), "shop": ["north", None] * 20})
    quiet = {f"regressor__{key}": value for key, value in QUIET.items()}
    spec = make_spec(WRAPPER, **params, **quiet)

    assert estimator_problems(spec) == {}
    pipeline = build_pipeline(spec, feature_roles(table, {})).fit(table, table["size"])

    inner = pipeline[-1].regressor_.get_params()
    assert (inner["depth"], inner["random_state"], inner["cat_features"]) == (4, 5, (1,))
    assert choose_features(spec).encode == "native"
    assert pipeline.predict(table).shape == (40,)


@pytest.mark.parametrize(
    ("params", "key", "remedy"),
    [
        ({"regressor": "catboost.CatBoostRegresor"}, "params.regressor", "CatBoostRegressor"),
        ({"regressor": "catbost"}, "params.regressor", "Did you mean `catboost`?"),
        ({"regressor": {"class": "ridge", "aplha": 1}}, "params.regressor.aplha", "`alpha`"),
        ({"regressor": {"class": "ridge", "alpha": -1}}, "params.regressor.alpha", "must be"),
        ({"regressor": "ridge", "regressor__aplha": 1}, "params.regressor.aplha", "`alpha`"),
    ],
)
def test_what_is_wrong_with_an_inner_estimator_is_said_with_its_key(
    params: dict[str, object], key: str, remedy: str
) -> None:
    problems = estimator_problems(make_spec(WRAPPER, **params))

    assert remedy in problems[key]


def test_a_search_space_may_name_parameters_of_the_inner_estimator() -> None:
    spec = make_spec(WRAPPER, regressor="ridge")

    found = param_name_problems(spec, ["regressor__alpha", "regressor__aplha"])

    assert list(found) == ["regressor__aplha"]


def test_what_a_bag_holds_is_built_from_its_name() -> None:
    bag = build_estimator(make_spec("sklearn.ensemble.BaggingRegressor", estimator="knn"))

    assert type(bag.estimator).__name__ == "KNeighborsRegressor"


def test_a_booster_prints_no_line_per_round_unless_it_is_told_to() -> None:
    silent = build_estimator(make_spec("catboost")).get_params()
    told = build_estimator(make_spec("catboost", silent=False)).get_params()

    assert (silent["verbose"], silent["allow_writing_files"]) == (False, False)
    assert "verbose" not in told
