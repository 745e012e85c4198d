"""Estimators are checked before data is read, and take tables as they come."""

from __future__ import annotations

import pickle
import re
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge, RidgeClassifier

from runforest.checks.models import estimator_problems, param_name_problems
from runforest.foundation.importing import import_object
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_estimator, build_pipeline
from runforest.table.roles import feature_roles

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from runforest.foundation.estimator_names import Kind


def make_spec(path: str = "", kind: Kind = "regression", seed: int = 0, **params: object):
    return EstimatorSpec(path=path, params=params, seed=seed, kind=kind)


def pipeline_of(table: pd.DataFrame, spec: EstimatorSpec | None = None) -> Pipeline:
    return build_pipeline(spec or make_spec(), feature_roles(table, {}))


def messy_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "float": [1.0, np.nan, 3.0, 4.0],
            "integer": pd.array([1, None, 3, 4], dtype="Int64"),
            "empty": [np.nan] * 4,
            "bool": [True, False, True, True],
            "boolean": pd.array([True, None, False, True], dtype="boolean"),
            "str": ["a", None, "b", "a"],
            "string": pd.array(["a", "c", "b", "a"], dtype="string"),
            "empty_str": pd.Series([None] * 4, dtype="str"),
            "object": pd.Series([True, None, False, np.nan], dtype=object),
            "category": pd.Categorical(["u", None, "v", "u"]),
            "number_category": pd.Categorical([1, 2, 2, 1]),
            "date": pd.to_datetime(["2020-01-01", None, "2020-01-03", "2021-01-01"]),
            "zoned": pd.to_datetime(["2020-01-01", None, "2020-01-03", "2021-01-01"], utc=True),
            "duration": pd.to_timedelta([1, 2, 3, 4]),
        }
    )


@pytest.mark.parametrize(
    ("kind", "expected"), [("regression", Ridge), ("classification", RidgeClassifier)]
)
def test_an_empty_path_means_a_ridge_model(kind: Kind, expected: type) -> None:
    assert isinstance(build_estimator(make_spec(kind=kind)), expected)


def test_a_specification_can_be_sent_to_another_process() -> None:
    spec = make_spec(alpha=2.0)

    received = pickle.loads(pickle.dumps(spec))

    assert received == spec


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("Ridge", "expected a dotted import path"),
        (".Ridge", "expected a dotted import path"),
        ("no_such_package.Ridge", "Install the package that holds it"),
        ("sklearn.linear_modle.Ridge", "Did you mean `linear_model`"),
        ("sklearn.linear_model.Rigde", "Did you mean `Ridge`"),
        ("sklearn.linear_model.Qqqqqq", "Check the spelling"),
    ],
)
def test_what_cannot_be_imported_is_explained(path: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        import_object(path)


@pytest.mark.parametrize("package", ["catboost", "lightgbm", "xgboost"])
def test_a_missing_extra_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # Python's own way to make it missing.

    with pytest.raises(ValueError, match=rf"pip install runforest\[{package}\]"):
        import_object(f"{package}.Regressor")


def test_a_module_that_fails_while_imported_is_explained(tmp_path, monkeypatch) -> None:
    (tmp_path / "failing_model.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ValueError, match="ZeroDivisionError: division by zero"):
        import_object("failing_model.Model")


@pytest.mark.parametrize(
    ("spec", "key", "remedy"),
    [
        (make_spec("math.pi"), "estimator", "must be a class with `fit`"),
        (make_spec("sklearn.linear_model.RidgeClassifier"), "estimator", "does not fit a regre"),
        (make_spec("sklearn.cluster.KMeans"), "estimator", "does not fit a regression"),
        (make_spec("sklearn.ensemble.VotingRegressor"), "estimator", "cannot be built"),
        (make_spec(alhpa=1.0), "params.alhpa", "Did you mean `alpha`"),
        (make_spec(qqq=1.0), "params.qqq", "Known parameters: alpha, copy_X"),
        (make_spec(alpha=-1.0), "params.alpha", r"in the range \[0.0, inf.*, got -1.0"),
        (make_spec(solver="svdd"), "params.solver", "must be a str among .*, got 'svdd'"),
        (make_spec(seed=-1), "seed", "expected an integer from 0 to 4294967295, got -1"),
    ],
)
def test_a_mistake_has_a_message_with_its_remedy(
    spec: EstimatorSpec, key: str, remedy: str
) -> None:
    problems = estimator_problems(spec)

    assert list(problems) == [key]
    assert re.search(remedy, problems[key])


def test_all_mistakes_are_found_at_once() -> None:
    problems = estimator_problems(make_spec(alpha=-1.0, solver="svdd", tool=1.0, seed=-1))

    assert set(problems) == {"params.alpha", "params.solver", "params.tool", "seed"}


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_a_sound_specification_has_no_problems(kind: Kind) -> None:
    assert estimator_problems(make_spec(kind=kind, alpha=2.0)) == {}


def test_names_of_a_search_space_are_checked_too() -> None:
    assert list(param_name_problems(make_spec(), ["alpha", "aplha"])) == ["aplha"]


def test_keywords_that_are_handed_to_the_base_class_are_known(tmp_path, monkeypatch) -> None:
    (tmp_path / "handing_model.py").write_text(
        "from sklearn.linear_model import Ridge\n"
        "class Model(Ridge):\n"
        "    def __init__(self, n_leaves=31, **others): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    problems = param_name_problems(make_spec("handing_model.Model"), ["alpha", "n_leaves", "x"])

    assert list(problems) == ["x"]


def test_a_class_that_takes_any_keyword_is_searched_for_near_misses(tmp_path, monkeypatch) -> None:
    (tmp_path / "open_model.py").write_text(
        "from sklearn.base import BaseEstimator\n"
        "class Model(BaseEstimator):\n"
        "    def __init__(self, n_leaves=31, **others): ...\n"
        "    def fit(self, X, y): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    problems = param_name_problems(make_spec("open_model.Model"), ["n_leafes", "device"])

    assert list(problems) == ["n_leafes"]


def test_the_seed_reaches_an_estimator_that_has_one() -> None:
    assert build_estimator(make_spec(seed=7)).get_params()["random_state"] == 7


def test_an_explicit_random_state_wins() -> None:
    assert build_estimator(make_spec(seed=7, random_state=3)).get_params()["random_state"] == 3


def test_an_estimator_without_a_seed_is_built() -> None:
    assert build_estimator(make_spec("sklearn.linear_model.LinearRegression", seed=7))


def test_columns_of_every_type_become_finite_numbers() -> None:
    table = messy_table()

    encoded = pipeline_of(table)["features"].fit_transform(table)

    assert encoded.dtype == float
    assert np.isfinite(encoded).all()


@pytest.mark.parametrize(
    "column", [c for c in messy_table() if c not in {"empty", "empty_str", "duration"}]
)
def test_a_table_of_one_column_is_fitted(column: str) -> None:
    table = messy_table()[[column]]

    predicted = pipeline_of(table).fit(table, [1.0, 2.0, 3.0, 4.0]).predict(table)

    assert predicted.shape == (4,)


def test_each_output_column_has_a_name() -> None:
    table = messy_table().drop(columns=["date", "zoned"])
    features = pipeline_of(table)["features"]

    encoded = features.fit_transform(table)

    assert len(features.get_feature_names_out()) == encoded.shape[1]


def test_a_missing_number_becomes_the_median_of_the_training_rows() -> None:
    train = pd.DataFrame({"x": [1.0, np.nan, 3.0, 8.0]})
    features = pipeline_of(train)["features"].fit(train)

    missing, median = features.transform(pd.DataFrame({"x": [np.nan, 3.0]}))

    assert missing == pytest.approx(median)


def test_an_unseen_category_counts_as_none_of_the_seen_ones() -> None:
    train = pd.DataFrame({"x": ["a", "b", "a"]})
    features = pipeline_of(train)["features"].fit(train)

    encoded = features.transform(pd.DataFrame({"x": ["c"]}))

    assert encoded.tolist() == [[0.0, 0.0]]


def test_rare_categories_share_a_column() -> None:
    table = pd.DataFrame({"x": [f"v{i}" for i in range(50)] * 2})

    encoded = pipeline_of(table)["features"].fit_transform(table)

    assert encoded.shape == (100, 20)


def test_equal_specifications_fit_equal_models() -> None:
    table, values = messy_table(), [1.0, 2.0, 3.0, 4.0]
    spec = make_spec("sklearn.ensemble.RandomForestRegressor", seed=5, n_estimators=5)

    first, second = (pipeline_of(table, spec).fit(table, values).predict(table) for _ in range(2))

    assert (first == second).all()


def test_a_fitted_pipeline_is_saved_without_pickle() -> None:
    sio = pytest.importorskip("skops.io")
    table, values = messy_table(), [1.0, 2.0, 3.0, 4.0]
    model = pipeline_of(table).fit(table, values)

    data = sio.dumps(model)
    types = sio.get_untrusted_types(data=data)
    loaded = sio.loads(data, trusted=types)

    assert {name.partition(".")[0] for name in types} <= {"numpy", "operator", "sklearn"}
    assert (loaded.predict(table) == model.predict(table)).all()
