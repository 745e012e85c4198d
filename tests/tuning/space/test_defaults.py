"""A tuner without a search space searches a published one of its estimator."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from runforest.checks.models import estimator_problems
from runforest.foundation.estimator_names import SHORT_NAMES, Kind
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.table.roles import feature_roles
from runforest.tuning.checks import search_space_problems
from runforest.tuning.space.defaults import SPACES, space_or_default
from runforest.tuning.space.dimensions import CategoricalDimension
from runforest.tuning.space.table import parse_space

WITHOUT = {"linear_regression", "naive_bayes"}
"""Nothing of theirs is worth a search."""


def make_spec(path: str, kind: Kind = "regression", **params: object) -> EstimatorSpec:
    return EstimatorSpec(path=path, params=params, seed=0, kind=kind)


def test_each_short_name_has_a_space() -> None:
    assert SPACES.keys() == SHORT_NAMES.keys() - WITHOUT


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("name", SPACES)
def test_the_estimator_takes_every_end_of_its_space(name: str, kind: Kind) -> None:
    spec = make_spec(name, kind)
    if estimator_problems(spec):
        pytest.skip("none of this kind")
    space = space_or_default({}, spec)

    assert search_space_problems(space, spec) == {}
    for key, dimension in parse_space(space).items():
        is_choice = isinstance(dimension, CategoricalDimension)
        ends = dimension.values() if is_choice else [dimension.low, dimension.high]
        for value in ends or []:
            assert estimator_problems(make_spec(name, kind, **{key: value})) == {}


def test_a_space_of_its_own_stays_as_it_is() -> None:
    assert space_or_default({"alpha": [1.0]}, make_spec("ridge")) == {"alpha": [1.0]}


def test_a_parameter_that_is_set_is_not_searched() -> None:
    assert "max_depth" not in space_or_default({}, make_spec("xgboost", max_depth=4))


def test_an_inner_estimator_brings_its_space() -> None:
    spec = make_spec("sklearn.compose.TransformedTargetRegressor", regressor="ridge")

    space = space_or_default({}, spec)

    assert list(space) == ["regressor__alpha"]
    assert search_space_problems(space, spec) == {}


def test_an_estimator_of_an_import_path_has_the_space_of_its_name() -> None:
    assert space_or_default({}, make_spec("lightgbm.LGBMRegressor")) == SPACES["lightgbm"]
    assert space_or_default({}, make_spec("sklearn.linear_model.LinearRegression")) == {}


FAST = {"lightgbm": "n_estimators", "xgboost": "n_estimators", "catboost": "iterations"}


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("name", FAST)
def test_a_booster_fits_at_the_low_ends_of_its_space(name: str, kind: Kind) -> None:
    dimensions = parse_space(space_or_default({}, make_spec(name, kind)))
    point = {
        key: (one.values() or [None])[0] if isinstance(one, CategoricalDimension) else one.low
        for key, one in dimensions.items()
    }
    quiet = {"lightgbm": {"verbose": -1}, "catboost": {"verbose": 0, "allow_writing_files": False}}
    spec = make_spec(name, kind, **{**point, FAST[name]: 3}, **quiet.get(name, {}))
    table = pd.DataFrame({"x": range(40), "shop": ["north", "south"] * 20})

    with warnings.catch_warnings(action="ignore"):  # LightGBM names the columns of an array
        model = build_pipeline(spec, feature_roles(table, {})).fit(table, [0, 1, 1, 0] * 10)

        assert model.predict(table).shape == (40,)
