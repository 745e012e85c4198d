"""Permutation importance finds the columns that matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from runforest.evaluation.scores import permutation_importances


@pytest.fixture
def features() -> pd.DataFrame:
    """Return a noise column, a number and a string that matters more."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "noise": rng.normal(size=200),
            "number": rng.normal(size=200),
            "string": rng.choice(["low", "high"], 200),
        }
    )


@pytest.fixture
def target(features: pd.DataFrame) -> pd.Series:
    """Return an exact function of the number and the string."""
    return features["number"] + 10.0 * (features["string"] == "high")


@pytest.fixture
def pipeline(features: pd.DataFrame, target: pd.Series) -> Pipeline:
    """Return a fitted pipeline that takes the raw columns."""
    encoder = make_column_transformer((OneHotEncoder(), ["string"]), remainder="passthrough")
    return make_pipeline(encoder, LinearRegression()).fit(features, target)


def test_raw_columns_are_ranked_by_what_their_shuffling_costs(
    pipeline: Pipeline, features: pd.DataFrame, target: pd.Series
) -> None:
    importances = permutation_importances(pipeline, features, target, scorer="r2", seed=0)

    assert importances.columns.tolist() == ["feature", "importance", "std"]
    assert importances["feature"].tolist() == ["string", "number", "noise"]
    assert importances["importance"].iloc[-1] == pytest.approx(0.0, abs=1e-9)
    # Shuffling a column that explains all of the variance doubles it: R2 drops from 1 to -1.
    assert importances["importance"].iloc[0] == pytest.approx(2.0, abs=0.3)


def test_text_labels_give_the_importances_of_zero_and_one(
    features: pd.DataFrame, target: pd.Series
) -> None:
    numbers, is_high = features[["noise", "number"]], target > target.median()
    tables = []
    for labels in ([0, 1], ["no", "yes"]):
        classes = is_high.map(dict(zip([False, True], labels, strict=True)))
        model = LogisticRegression().fit(numbers, classes)

        tables.append(permutation_importances(model, numbers, classes, scorer="f1", seed=0))

    pd.testing.assert_frame_equal(*tables)


def test_the_same_seed_gives_the_same_table(
    pipeline: Pipeline, features: pd.DataFrame, target: pd.Series
) -> None:
    first, second = (
        permutation_importances(pipeline, features, target, scorer="r2", seed=7, n_repeats=2)
        for _ in range(2)
    )

    pd.testing.assert_frame_equal(first, second)


def test_equal_importances_are_ordered_by_name(target: pd.Series) -> None:
    constant = pd.DataFrame({"b": 1.0, "c": 1.0, "a": 1.0}, index=target.index)
    model = LinearRegression().fit(constant, target)

    importances = permutation_importances(model, constant, target, scorer="r2", seed=0)

    assert importances["feature"].tolist() == ["a", "b", "c"]
