"""Columns of every role reach every kind of estimator, with missing and unseen values."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from skops import io

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.model.features.choice import choose_features
from runforest.table.roles import feature_roles
from runforest.tracking.models.executable import is_harmless

if TYPE_CHECKING:
    from runforest.foundation.estimator_names import Kind

ESTIMATORS = {
    "ridge": ("", {}),
    "neighbours": ("sklearn.neighbors.KNeighbors{}", {}),
    "network": ("sklearn.neural_network.MLP{}", {"max_iter": 5}),
    "forest": ("sklearn.ensemble.RandomForest{}", {"n_estimators": 5}),
    "boosted trees": ("sklearn.ensemble.GradientBoosting{}", {"n_estimators": 5}),
    "tree": ("sklearn.tree.DecisionTree{}", {}),
    "histograms": ("sklearn.ensemble.HistGradientBoosting{}", {"max_iter": 5}),
    "lightgbm": ("lightgbm.LGBM{}", {"n_estimators": 5, "verbose": -1, "min_child_samples": 5}),
    "xgboost": ("xgboost.XGB{}", {"n_estimators": 5}),
    "catboost": (
        "catboost.CatBoost{}",
        {"iterations": 5, "verbose": 0, "allow_writing_files": False},
    ),
}
NATIVE = ("histograms", "lightgbm", "xgboost", "catboost")
WORDS = ("red", "house", "near", "river", "old", "new", "large", "garden")
KINDS: tuple[Kind, ...] = ("classification", "regression")


def make_spec(
    name: str, kind: Kind = "regression", features: dict[str, object] | None = None
) -> EstimatorSpec:
    path, params = ESTIMATORS[name]
    named = path.format({"regression": "Regressor", "classification": "Classifier"}[kind])
    return EstimatorSpec(path=named, params=params, seed=3, kind=kind, features=features or {})


def make_table(n_rows: int = 90) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    moments = pd.Timestamp("2021-01-01") + pd.to_timedelta(chance.integers(0, 10**6, n_rows), "min")
    table = pd.DataFrame(
        {
            "size": chance.normal(size=n_rows),
            "rooms": chance.integers(1, 9, n_rows),
            "gap": [np.nan] * (n_rows - 1) + [1.0],
            "shop": pd.Series(chance.choice(["north", "south", "east"], n_rows), dtype="str"),
            "code": pd.Series([f"C{i}" for i in chance.integers(0, 40, n_rows)], dtype="str"),
            "rare": pd.Series([None] * (n_rows - 1) + ["here"], dtype="str"),
            "is_new": chance.random(n_rows) < 0.5,
            "is_sold": pd.array([True, None, False] * (n_rows // 3), dtype="boolean"),
            "seen": moments,
            "day": moments.normalize(),
            "note": pd.Series([" ".join(chance.choice(WORDS, 5)) for _ in range(n_rows)]),
        }
    )
    table.loc[::7, ["size", "shop", "code", "seen", "day", "note"]] = None
    return table


def values_of(table: pd.DataFrame, kind: Kind) -> np.ndarray:
    signal = table["rooms"] + 3 * (table["shop"] == "north")
    labels = np.array(["low", "high"], dtype=object)[(signal > 5).astype(int)]
    return labels if kind == "classification" else signal.to_numpy(dtype=float)


def unseen(table: pd.DataFrame) -> pd.DataFrame:
    new = table.head(6).copy()
    new[["shop", "code", "rare"]] = "never seen"
    new["gap"], new["size"], new["note"] = 7.0, np.nan, "unheard"
    new["seen"] = new["day"] = pd.NaT
    return new


def fit(spec: EstimatorSpec, table: pd.DataFrame, train: pd.DataFrame | None = None):
    rows = table if train is None else train
    with warnings.catch_warnings(action="ignore"):  # short trainings, small classes, empty columns
        pipeline = build_pipeline(spec, feature_roles(table, {}))
        return pipeline.fit(rows, values_of(rows, spec.kind))


def predict(model, rows: pd.DataFrame):
    with warnings.catch_warnings(action="ignore"):  # LightGBM names the columns of an array
        return model.predict(rows)


def encodings(name: str) -> list[str]:
    return ["one_hot", "ordinal", "target", *(["native"] if name in NATIVE else [])]


CASES = [(name, encode) for name in ESTIMATORS for encode in encodings(name)]


@pytest.mark.parametrize(("name", "encode"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_missing_and_unseen_values_are_predicted_whatever_the_encoding(
    name: str, encode: str, kind: Kind
) -> None:
    table = make_table()
    spec = make_spec(name, kind, {"categories": {"encode": encode}})

    # The rows to learn from have no value at all in `gap` and in `rare`.
    model = fit(spec, table, table.iloc[:-1])

    assert len(predict(model, unseen(table))) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_target_is_learned_without_a_warning_and_in_classes_that_load(kind: Kind) -> None:
    table = make_table()[["shop", "rooms"]].dropna()
    spec = make_spec("ridge", kind, {"categories": {"encode": "target"}})

    pipeline = build_pipeline(spec, feature_roles(table, {})).fit(table, values_of(table, kind))

    types = io.get_untrusted_types(data=io.dumps(pipeline))
    assert [one for one in types if not is_harmless(one)] == []


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_default_suits_the_estimator(name: str) -> None:
    choice = choose_features(make_spec(name))

    is_tree = name in ("forest", "boosted trees", "tree")
    scale = "none" if is_tree or name in NATIVE else "standard"
    assert (choice.scale, choice.encode) == (scale, "native" if name in NATIVE else "one_hot")
    assert choice.impute == ("none" if name in NATIVE else "median")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_loads_from_classes_of_known_libraries_and_predicts_the_same(name: str) -> None:
    table = make_table()
    model = fit(make_spec(name), table)

    data = io.dumps(model)
    types = io.get_untrusted_types(data=data)
    loaded = io.loads(data, trusted=types)

    assert [one for one in types if not is_harmless(one)] == []
    assert list(predict(loaded, unseen(table))) == list(predict(model, unseen(table)))


def test_catboost_gets_a_frame_whatever_the_index_of_the_rows() -> None:
    pytest.importorskip("catboost")
    table = pd.DataFrame(
        {
            "kind": ["a", None, "b"] * 20,
            "size": np.arange(60.0),
            "built": pd.date_range("2020-01-01", periods=60),
        }
    )
    roles = feature_roles(table, {})
    options = {"numbers": {"impute": "most_frequent", "scale": "min_max"}}
    params = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    spec = EstimatorSpec(
        path="catboost.CatBoostRegressor",
        params=params,
        seed=0,
        kind="regression",
        features=options,
    )

    some = build_pipeline(spec, roles).fit(table.iloc[::2], table["size"].iloc[::2])
    same = build_pipeline(spec, roles).fit(
        table.iloc[::2].reset_index(drop=True), table["size"].iloc[::2]
    )

    np.testing.assert_array_equal(some.predict(table), same.predict(table))


@pytest.mark.parametrize(("name", "encode"), CASES)
def test_numbers_and_truth_values_may_be_categories(name: str, encode: str) -> None:
    table = pd.DataFrame(
        {
            "zip": [1, 2, 3] * 20,
            "flag": [True, False] * 30,
            "gap": [1.0, None, 2.0] * 20,
            "shop": ["north", None] * 30,
        }
    )
    spec = make_spec(name, features={"categories": {"encode": encode, "missing": "nothing"}})
    roles = feature_roles(table, dict.fromkeys(table, "category"))

    with warnings.catch_warnings(action="ignore"):  # short trainings
        model = build_pipeline(spec, roles).fit(table, np.arange(60.0))

    new = pd.DataFrame({"zip": [9], "flag": [True], "gap": [np.nan], "shop": ["west"]})
    assert predict(model, new).shape == (1,)


def test_a_table_without_a_column_to_learn_from_is_refused_with_the_key_to_set() -> None:
    table = pd.DataFrame({"code": [f"C{number}" for number in range(40)], "empty": [None] * 40})

    with pytest.raises(ValueError, match=r"each value occurs once.*columns\] code = ") as caught:
        build_pipeline(make_spec("ridge"), feature_roles(table, {}))

    assert "empty (no value in any row)" in str(caught.value)
    assert build_pipeline(make_spec("ridge"), feature_roles(table, {"code": "category"}))


@pytest.mark.parametrize("params", [{}, {"max_bins": 20}])
def test_histograms_take_categories_of_more_values_than_they_have_bins(
    params: dict[str, object],
) -> None:
    table = pd.DataFrame({"code": [f"C{number}" for number in range(300)] * 2})
    path = ESTIMATORS["histograms"][0].format("Regressor")
    spec = EstimatorSpec(path=path, params={"max_iter": 2, **params}, seed=0, kind="regression")

    model = build_pipeline(spec, feature_roles(table, {})).fit(table, np.arange(600.0))

    assert model.predict(pd.DataFrame({"code": ["new"]})).shape == (1,)


def test_dates_become_their_parts_whatever_their_unit_and_zone() -> None:
    moments = pd.Series(pd.to_datetime(["2024-02-29 13:30", None, "1969-12-31 23:59"]))
    table = pd.DataFrame({"at": moments, "x": [1.0, 2.0, 3.0]})
    spec = make_spec("lightgbm")
    features = build_pipeline(spec, feature_roles(table, {}))["features"].fit(table)

    rows = features.transform(table.assign(at=moments.astype("datetime64[ns]")))

    expected = [2024, 2, 29, 3, 13, 1709213400.0]
    assert rows[0, 1:].tolist() == expected
    assert np.isnan(rows[1, 1:]).all()
    assert rows[2, -1] == -60.0


def test_equal_tables_give_equal_features_to_the_last_bit() -> None:
    table = make_table()
    spec = make_spec("ridge")

    first, second = (
        build_pipeline(spec, feature_roles(table, {}))["features"].fit_transform(table)
        for _ in range(2)
    )

    assert first.tobytes() == second.tobytes()
