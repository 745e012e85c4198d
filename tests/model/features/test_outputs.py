"""Which features were made of which raw column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.model.features.outputs import made_features
from runforest.table.roles import feature_roles


@pytest.fixture
def table() -> pd.DataFrame:
    """Return columns of all roles with missing values, and two that are left out."""
    random = np.random.default_rng(0)
    words = [" ".join(random.choice(["red", "green", "blue", "black"], 8)) for _ in range(200)]
    table = pd.DataFrame(
        {
            "none": np.full(200, np.nan),
            "kind": pd.Series(random.choice(list("klmnopqrstuvwxyzABCDEFGHIJ"), 200), dtype="str"),
            "size": random.normal(size=200),
            "day": pd.date_range("2024-01-30", periods=200, freq="13h"),
            "is_new": pd.array(random.choice([True, False], 200), dtype="boolean"),
            "place": random.integers(0, 9, 200),
            "words": pd.Series(words, dtype="str"),
            "name": pd.Series([f"n{number}" for number in range(200)], dtype="str"),
            "shop": pd.Series(random.choice(["x", "y"], 200), dtype="str"),
        }
    )
    for name in ("kind", "size", "day", "is_new", "shop"):
        table[name] = table[name].mask(random.random(200) < 0.05)
    return table


@pytest.mark.parametrize(
    "features",
    [
        {},
        {"categories": {"encode": "ordinal"}},
        {"numbers": {"impute": "none", "scale": "none"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["ridge", "sklearn.ensemble.HistGradientBoostingRegressor"])
def test_shuffling_the_features_of_a_column_is_shuffling_the_column(
    table: pd.DataFrame, path: str, features: dict[str, object]
) -> None:
    if path == "ridge" and "numbers" in features:
        pytest.skip("a ridge model takes no missing number")
    spec = EstimatorSpec(path=path, params={}, seed=0, kind="regression", features=features)
    pipeline = build_pipeline(spec, feature_roles(table, {}))
    target = table["place"] + table["size"].fillna(0) + (table["shop"] == "x")
    pipeline.fit(table, target)

    found = made_features(pipeline, table)

    assert found is not None
    rest, made, places = found
    assert sorted(np.concatenate(places)) == list(range(made.shape[1]))
    order = np.random.default_rng(1).permutation(200)
    for name, positions in zip(table.columns, places, strict=True):
        shuffled, copy = table.copy(), made.copy()
        shuffled[name] = shuffled[name].to_numpy()[order]
        copy[:, positions] = made[order][:, positions]
        shuffled[name] = shuffled[name].astype(table[name].dtype)
        assert rest.predict(copy) == pytest.approx(pipeline.predict(shuffled)), name


def test_features_that_mix_columns_are_made_of_none_alone(table: pd.DataFrame) -> None:
    from sklearn.compose import make_column_transformer

    mixed = make_column_transformer((PCA(), ["place", "number"]))
    numbers = table[["place"]].assign(number=np.arange(200))
    pipeline = make_pipeline(mixed, Ridge()).fit(numbers, np.arange(200))

    assert made_features(pipeline, numbers) is None
    assert made_features(Ridge(), numbers) is None
