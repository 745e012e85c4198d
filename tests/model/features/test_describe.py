"""What is done with each column is said, and what cannot be done is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from runforest.checks.features import feature_problems
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.features.describe import describe_features, features_line
from runforest.table.roles import feature_roles

TABLE = pd.DataFrame(
    {
        "size": [1.0, None] * 20,
        "rooms": range(40),
        "shop": ["north", None] * 20,
        "sold": [True, False] * 20,
        "day": pd.date_range("2020-01-01", periods=40),
        "note": [f"near the river {number}" for number in range(40)],
        "ticket": [f"T{number}" for number in range(40)],
        "alley": [None] * 40,
    }
)


def make_spec(path: str = "", **features: object) -> EstimatorSpec:
    return EstimatorSpec(path=path, params={}, seed=0, kind="regression", features=features)


def test_one_line_names_each_role_what_is_done_with_it_and_what_is_left_out() -> None:
    line = features_line(feature_roles(TABLE, {}), make_spec("catboost"))

    assert line == (
        'features: 2 numbers (as they are), 1 category (native, missing as "None"), 1 text '
        "(tf-idf, 30 directions), 1 date (parts), 1 boolean (0 and 1); "
        "left out: ticket (each value occurs once), alley (no value in any row)"
    )


def test_many_columns_that_are_left_out_are_counted() -> None:
    table = pd.DataFrame({f"c{number}": [None] for number in range(11)})

    line = features_line(feature_roles(table, {}), make_spec())

    assert line.endswith("c7 (no value in any row) and 3 more")


def test_each_column_has_a_row_with_its_role_and_its_features() -> None:
    rows = describe_features(feature_roles(TABLE, {}), make_spec(text="drop"))

    assert [row["column"] for row in rows] == list(TABLE)
    said = {row["column"]: row["features"] for row in rows}
    assert said["size"] == "median, standard"
    assert said["shop"] == "one_hot of up to 20"
    assert said["note"] == "dropped by [Features]"
    assert said["alley"] == "left out: no value in any row"


@pytest.mark.parametrize(
    ("path", "features", "key", "remedy"),
    [
        ("ridge", {"categories": {"encode": "native"}}, "categories.encode", "Use one_hot, ord"),
        ("random_forest", {"categories": {"encode": "native"}}, "categories.encode", "catboost"),
        ("ridge", {"numbers": {"impute": "none"}}, "numbers.impute", 'Use "median"'),
        ("gradient_boosting", {"numbers": {"impute": "none"}}, "numbers.impute", '"median"'),
        ("lightgbm", {"categories": {"max_categories": 9}}, "categories.max_categories", "Remove"),
        ("ridge", {"pipeline": "os.path.jion"}, "pipeline", "Did you mean `join`"),
        ("ridge", {"pipeline": "math.pi"}, "pipeline", "must be a function of the roles"),
        ("ridge", {"pipeline": "os.path.join", "dates": "drop"}, "pipeline", "or dates"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_remedy(
    path: str, features: dict[str, object], key: str, remedy: str
) -> None:
    (problem,) = feature_problems(make_spec(path, **features))

    assert (problem.where, problem.key) == ("[Features]", key)
    assert remedy in problem.message


@pytest.mark.parametrize(
    ("path", "features"),
    [
        ("random_forest", {"numbers": {"impute": "none"}}),
        ("catboost", {"categories": {"encode": "native", "missing": "None"}}),
        ("hist_gradient_boosting", {"numbers": {"impute": 0, "scale": "min_max"}}),
    ],
)
def test_what_goes_together_is_taken(path: str, features: dict[str, object]) -> None:
    assert list(feature_problems(make_spec(path, **features))) == []
