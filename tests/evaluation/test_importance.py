"""Importances find the columns that matter, on unseen rows and at a bounded cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from runforest.evaluation.importances import (
    MAX_CELLS,
    MAX_ROWS,
    N_MEASURED,
    ImportanceMeasurement,
    Importances,
)
from runforest.evaluation.scores import cross_validate_pipeline, evaluate_model


class CountingModel(RegressorMixin, BaseEstimator):
    """Answers with a column, and counts what it is given."""

    def __init__(self, column: str = "c7") -> None:
        self.column = column
        self.n_rows = 0

    def fit(self, *_: object) -> CountingModel:
        """Learn nothing."""
        return self

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the column."""
        self.n_rows += len(features)
        return features[self.column].to_numpy()


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


def measure(
    model: object, features: pd.DataFrame, target: pd.Series, *, scorer: str = "r2", seed: int = 0
) -> Importances:
    """Return the importances on these rows."""
    classes = () if scorer == "r2" else sorted(target.unique())
    measurement = ImportanceMeasurement(scorer=scorer, classes=classes, seed=seed)
    measurement.add(model, features, target.to_numpy())
    return measurement.result()


def wide_table(n_rows: int, n_columns: int) -> pd.DataFrame:
    """Return columns c0, c1... of numbers."""
    values = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    return pd.DataFrame(values, columns=[f"c{number}" for number in range(n_columns)])


def test_raw_columns_are_ranked_by_what_their_shuffling_costs(
    pipeline: Pipeline, features: pd.DataFrame, target: pd.Series
) -> None:
    importances = measure(pipeline, features, target).table

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

        tables.append(measure(model, numbers, classes, scorer="f1").table)

    pd.testing.assert_frame_equal(*tables)


def test_the_same_seed_gives_the_same_table(
    pipeline: Pipeline, features: pd.DataFrame, target: pd.Series
) -> None:
    first, second = (measure(pipeline, features, target, seed=7).table for _ in range(2))

    pd.testing.assert_frame_equal(first, second)


def test_equal_importances_are_ordered_by_name(target: pd.Series) -> None:
    constant = pd.DataFrame({"b": 1.0, "c": 1.0, "a": 1.0}, index=target.index)
    model = LinearRegression().fit(constant, target)

    importances = measure(model, constant, target).table

    assert importances["feature"].tolist() == ["a", "b", "c"]


def test_noise_that_a_model_has_memorised_has_no_importance_on_the_rows_of_other_folds() -> None:
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"noise": rng.normal(size=1000), "rank": rng.normal(size=1000)})
    target = pd.Series((features["rank"] + rng.normal(size=1000) > 0).astype(int))
    tree = DecisionTreeClassifier(random_state=0)
    on_fitted_rows = measure(tree.fit(features, target), features, target, scorer="accuracy").table
    measurement = ImportanceMeasurement(scorer="accuracy", classes=[0, 1], seed=0, n_models=5)

    cross_validate_pipeline(
        tree,
        features,
        target,
        kind="classification",
        folds=list(KFold(5).split(features)),
        scorers=["accuracy"],
        inspect=measurement.add,
    )

    importances = measurement.result().table.set_index("feature")["importance"]
    assert on_fitted_rows.set_index("feature").loc["noise", "importance"] > 0.2
    assert importances["noise"] == pytest.approx(0, abs=0.03)
    assert importances["rank"] > 0.1


def test_held_out_rows_are_measured_with_the_final_model_where_there_are_some() -> None:
    table = wide_table(400, 3).assign(y=lambda all_rows: all_rows["c1"] * 2)
    train, held = table[:300], table[300:]
    model = LinearRegression().fit(train[["c0", "c1", "c2"]], train["y"])
    folds = list(KFold(5).split(train))

    _, with_held = evaluate_model(
        model, train, held, target="y", kind="regression", folds=folds, seed=0
    )
    _, without = evaluate_model(
        model, train, held[:0], target="y", kind="regression", folds=folds, seed=0
    )

    assert (with_held.n_rows, with_held.n_models) == (100, 1)
    assert (without.n_rows, without.n_models) == (300, 5)
    assert with_held.table["feature"].iloc[0] == without.table["feature"].iloc[0] == "c1"


@pytest.mark.parametrize(("n_rows", "n_columns"), [(30_000, 19), (1000, 600)])
def test_a_large_table_costs_no_more_than_the_budget(n_rows: int, n_columns: int) -> None:
    features, model = wide_table(n_rows, n_columns), CountingModel()

    importances = measure(model, features, features["c7"])

    assert model.n_rows <= 1.1 * MAX_ROWS + MAX_CELLS / 2 / n_columns
    assert model.n_rows * n_columns <= 1.5 * MAX_CELLS
    assert importances.n_shuffles >= 5
    assert importances.n_rows < n_rows
    assert f"Measured on {importances.n_rows:,} rows" in importances.how


def test_the_rows_are_divided_among_the_folds() -> None:
    features, model = wide_table(50_000, 10), CountingModel()
    measurement = ImportanceMeasurement(scorer="r2", classes=(), seed=0, n_models=5)

    for start in range(0, 50_000, 10_000):
        part = features[start : start + 10_000]
        measurement.add(model, part, part["c7"].to_numpy())

    importances = measurement.result()
    assert model.n_rows <= 1.2 * MAX_ROWS
    assert importances.n_rows == 20_000
    assert importances.how == (
        "Measured on 20,000 rows, each with one of 5 models that was not fitted on it; "
        "each column was shuffled 5 times."
    )


def test_of_many_columns_those_are_measured_that_change_the_predictions() -> None:
    features = wide_table(200, 1503)
    target = features["c7"] + 3 * features["c700"] + 2 * features["c1502"]
    matters = make_column_transformer(("passthrough", ["c7", "c700", "c1502"]))
    model = make_pipeline(matters, LinearRegression()).fit(features, target)

    importances = measure(model, features, target)

    assert importances.table["feature"].tolist()[:3] == ["c700", "c1502", "c7"]
    assert len(importances.table) == N_MEASURED
    assert "Of 1,503 columns those 30 were measured" in importances.how


def test_classes_keep_their_shares_among_the_rows_drawn() -> None:
    features = wide_table(20_000, 40)
    is_rare = pd.Series(np.where(np.arange(20_000) % 100 == 0, "rare", "usual"))
    seen: list[pd.Series] = []

    class Watcher(DecisionTreeClassifier):
        def predict(self, table: pd.DataFrame) -> np.ndarray:
            seen.append(is_rare[table["place"].astype(int)])
            return super().predict(table)

    features["place"] = np.arange(20_000)
    model = Watcher(max_depth=1).fit(features, is_rare)

    measure(model, features, is_rare, scorer="balanced_accuracy")

    assert (seen[0] == "rare").mean() == pytest.approx(0.01, rel=0.1)


def test_a_score_that_the_rows_do_not_define_gives_way_to_the_accuracy() -> None:
    features = wide_table(300, 3)
    target = pd.Series(np.where(features["c1"] > 0, "yes", "no"))
    model = LogisticRegression().fit(features, target)
    only_yes = target == "yes"

    measurement = ImportanceMeasurement(scorer="roc_auc", classes=["no", "yes"], seed=0)
    measurement.add(model, features[only_yes], target[only_yes].to_numpy())

    importances = measurement.result()
    assert importances.scorer == "accuracy"
    assert importances.table["importance"].tolist() == pytest.approx([0, 0, 0], abs=0.05)
