"""Early stopping is refused where it cannot work, and each remedy works."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runforest.checks.boosting import boosting_problem, early_stopping_problems
from runforest.checks.models import estimator_problems, param_name_problems
from runforest.model.estimator_spec import EstimatorSpec


def spec(path: str, rounds: int = 30, **params: object) -> EstimatorSpec:
    pytest.importorskip(path.partition(".")[0])
    kind = "classification" if "Classif" in path else "regression"
    return EstimatorSpec(path=path, params=params, seed=0, kind=kind, early_stopping_rounds=rounds)


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("catboost.CatBoostRegressor", "early_stopping_rounds"),
        ("catboost.CatBoostClassifier", "od_wait"),
        ("catboost.CatBoostClassifier", "use_best_model"),
        ("lightgbm.LGBMClassifier", "early_stopping_round"),
        ("xgboost.XGBRegressor", "early_stopping_rounds"),
    ],
)
def test_an_option_that_wants_validation_rows_is_refused_with_the_key_instead(
    path: str, option: str
) -> None:
    given = spec(path, rounds=0, learning_rate=0.1, **{option: 40})

    problem = estimator_problems(given)[f"params.{option}"]

    assert "[Trainer] early_stopping_rounds = 40" in problem
    instead = spec(path, rounds=40, learning_rate=0.1)
    assert estimator_problems(instead) == early_stopping_problems(instead, is_tuned=False) == {}
    assert option in param_name_problems(instead, [option])


@pytest.mark.parametrize(
    "path",
    ["sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.neural_network.MLPClassifier",
     "sklearn.ensemble.GradientBoostingClassifier"],
)  # fmt: skip
def test_what_stops_by_itself_gets_its_own_parameters(path: str) -> None:
    problem = early_stopping_problems(spec(path), is_tuned=False)["early_stopping_rounds"]

    params = re.search(r"set params = \{ (.*) \}", problem)
    assert params
    pairs = dict(pair.split(" = ") for pair in params[1].split(", "))
    assert pairs["n_iter_no_change"] == "30"
    values = {name: value == "true" or int(value) for name, value in pairs.items()}
    instead = spec(path, rounds=0, **values)
    assert estimator_problems(instead) == early_stopping_problems(instead, is_tuned=False) == {}


def test_what_has_no_rounds_is_refused() -> None:
    problem = early_stopping_problems(spec("sklearn.linear_model.Ridge"), is_tuned=False)

    assert "name one of CatBoost, LightGBM or XGBoost" in problem["early_stopping_rounds"]


def test_catboost_needs_a_learning_rate_that_does_not_follow_from_its_rounds() -> None:
    given = spec("catboost.CatBoostRegressor")

    problem = early_stopping_problems(given, is_tuned=False)["early_stopping_rounds"]

    assert "Give `learning_rate`" in problem
    assert boosting_problem(replace(given, params={"learning_rate": 0.1})) is None
    assert early_stopping_problems(given, is_tuned=True) == {}, "its search space may have it"


@pytest.mark.parametrize(
    ("path", "params", "remedy"),
    [
        ("xgboost.XGBRFClassifier", {}, "Use XGBClassifier"),
        ("catboost.CatBoostRegressor", {"task_type": "GPU"}, 'Use "CPU"'),
    ],
)
def test_what_cannot_be_watched_is_refused(
    path: str, params: dict[str, object], remedy: str
) -> None:
    assert remedy in str(boosting_problem(spec(path, **params)))


def test_other_estimators_need_nothing_where_no_early_stopping_is_wanted() -> None:
    given = spec("sklearn.linear_model.Ridge", rounds=0)

    assert early_stopping_problems(given, is_tuned=False) == {}
