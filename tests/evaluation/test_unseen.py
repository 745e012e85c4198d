"""The final model is scored on rows that nothing was learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score

from runforest.evaluation.unseen import unseen_scores


def make_table(n_rows: int, seed: int = 0) -> pd.DataFrame:
    x = np.random.default_rng(seed).normal(size=n_rows)
    return pd.DataFrame({"x": x, "y": np.where(x > 0.1, "yes", "no")})


@pytest.fixture(scope="module")
def model() -> LogisticRegression:
    table = make_table(50)
    return LogisticRegression().fit(table[["x"]], table["y"])


def test_each_table_is_scored_once(model: LogisticRegression) -> None:
    held, test = make_table(20, 1), make_table(30, 2)

    found = unseen_scores(
        model,
        {"holdout": held, "test": test},
        target="y",
        scorers=["accuracy", "f1"],
        classes=["no", "yes"],
    )

    assert list(found) == ["holdout", "test"]
    assert found["holdout"]["accuracy"] == accuracy_score(held["y"], model.predict(held[["x"]]))
    assert list(found["test"]) == ["accuracy", "f1"]


def test_a_table_without_the_target_or_without_rows_is_not_scored(model) -> None:
    tables = {"holdout": make_table(0), "test": make_table(9).drop(columns="y")}

    found = unseen_scores(model, tables, target="y", scorers=["accuracy"], classes=["no", "yes"])

    assert found == {}


def test_rows_whose_target_is_not_known_are_left_out() -> None:
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, None]})
    line = LinearRegression().fit(table[["x"]], [0.0, 1.0, 2.0])

    found = unseen_scores(line, {"test": table}, target="y", scorers=["r2"], classes=())

    assert found["test"]["r2"] == pytest.approx(1)


def test_a_score_that_rows_without_one_of_the_classes_leave_undefined_is_no_number() -> None:
    table = pd.DataFrame({"x": range(9), "y": [0, 1, 2] * 3})
    model = LogisticRegression().fit(table[["x"]], table["y"])
    rows = table[table["y"] < 2]

    found = unseen_scores(
        model, {"test": rows}, target="y", scorers=["roc_auc_ovr", "accuracy"], classes=[0, 1, 2]
    )

    assert np.isnan(found["test"]["roc_auc_ovr"])
    assert found["test"]["accuracy"] >= 0
