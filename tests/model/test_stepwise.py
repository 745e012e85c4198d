"""Models trained step by step are those of one training, and any step can be done again."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.model.stepwise.steps import ModelState, advance, stepping_problem
from runforest.table.roles import feature_roles

if TYPE_CHECKING:
    from runforest.foundation.estimator_names import Kind

N_STEPS = 3
N_ROWS = 120
ROLES = feature_roles(pd.DataFrame({"a": [0.5], "b": [0.5], "c": ["u"]}), {})


@dataclass(frozen=True, kw_only=True)
class Case:
    """An estimator, the name of its budget, and where a model has its iterations."""

    path: str
    kind: Kind = "classification"
    budget: str = "n_estimators"
    n_iterations: int = 10
    params: dict[str, object] = field(default_factory=dict)

    def spec(self, n_iterations: int | None = None) -> EstimatorSpec:
        params = {**self.params, self.budget: n_iterations or self.n_iterations}
        return EstimatorSpec(path=self.path, params=params, seed=7, kind=self.kind)


def forest(name: str, **params: object) -> Case:
    kind: Kind = "regression" if name.endswith("Regressor") else "classification"
    budget = "max_iter" if name.startswith("Hist") else "n_estimators"
    return Case(path=f"sklearn.ensemble.{name}", kind=kind, budget=budget, params=params)


def mlp(kind: Kind = "classification", n_iterations: int = 10, **params: object) -> Case:
    name = {"classification": "MLPClassifier", "regression": "MLPRegressor"}[kind]
    return Case(
        path=f"sklearn.neural_network.{name}",
        kind=kind,
        budget="max_iter",
        n_iterations=n_iterations,
        params={"hidden_layer_sizes": [4], "batch_size": 20, "shuffle": False, **params},
    )


def linear(name: str, **params: object) -> Case:
    kind: Kind = "regression" if name.endswith("Regressor") else "classification"
    return Case(path=f"sklearn.linear_model.{name}", kind=kind, budget="max_iter", params=params)


EXACT = {
    "forest": forest("RandomForestClassifier"),
    "forest, balanced": forest("RandomForestClassifier", class_weight="balanced"),
    "forest, out of bag": forest("RandomForestRegressor", oob_score=True),
    "extra trees": forest("ExtraTreesClassifier"),
    "extra trees, regression": forest("ExtraTreesRegressor"),
    "bagging": forest("BaggingClassifier", max_samples=0.5, max_features=0.5),
    "bagging, regression": forest("BaggingRegressor"),
    "boosting": forest("GradientBoostingClassifier"),
    "boosting by chance": forest("GradientBoostingRegressor", subsample=0.5, max_features=0.5),
    "histograms": forest("HistGradientBoostingClassifier"),
    "histograms by chance": forest("HistGradientBoostingRegressor", max_features=0.5),
    "mlp, adam": mlp(),
    "mlp, regression": mlp("regression"),
    "mlp, sgd": mlp(solver="sgd", learning_rate="invscaling"),
}
"""After s of n steps these equal one fit with s/n of the budget."""

STOPPING = {
    "histograms": replace(
        forest("HistGradientBoostingClassifier", early_stopping=True, n_iter_no_change=2),
        n_iterations=60,
    ),
    "histograms, scored": replace(
        forest(
            "HistGradientBoostingRegressor",
            early_stopping=True,
            n_iter_no_change=2,
            scoring="r2",
            tol=0.01,
        ),
        n_iterations=60,
    ),
    "mlp": mlp(n_iterations=60, tol=0.05, n_iter_no_change=2),
    "mlp, adaptive": mlp(
        n_iterations=60,
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=1e-5,
        tol=0.05,
        n_iter_no_change=2,
    ),
}
"""These end by themselves within the budget."""

OTHERS = {
    "sgd": linear("SGDClassifier", loss="log_loss"),
    "sgd, averaged": linear("SGDRegressor", average=True),
    "perceptron": linear("Perceptron"),
    "mlp by chance": mlp(shuffle=True),
}
ALL = EXACT | OTHERS | {f"stopping {name}": case for name, case in STOPPING.items()}

BAYES = {
    "bernoulli": "sklearn.naive_bayes.BernoulliNB",
    "gaussian": "sklearn.naive_bayes.GaussianNB",
}


def make_rows(case: Case, n_rows: int = N_ROWS) -> tuple[pd.DataFrame, np.ndarray]:
    chance = np.random.default_rng(0)
    a, b = chance.normal(size=(2, n_rows))
    features = pd.DataFrame({"a": a, "b": b, "c": np.where(chance.random(n_rows) < 0.5, "u", "v")})
    features.loc[::10, "a"] = np.nan
    signal = a + np.sin(3 * b) + 0.3 * chance.normal(size=n_rows)
    if case.kind == "regression":
        return features, signal
    labels = np.digitize(signal, [-0.5, 0.5])
    return features, np.array(["low", "mid", "top"], dtype=object)[labels]


def states(case: Case, n_steps: int = N_STEPS) -> list[ModelState]:
    features, values = make_rows(case)
    done: list[ModelState] = []
    for step in range(1, n_steps + 1):
        last = done[-1] if done else None
        done.append(advance(case.spec(), last, features, values, ROLES, step=step, n_steps=n_steps))
    return done


def one_fit(case: Case, n_iterations: int | None = None):
    with warnings.catch_warnings(action="ignore"):  # A small budget does not converge.
        return build_pipeline(case.spec(n_iterations), ROLES).fit(*make_rows(case))


def predictions(model, case: Case) -> np.ndarray:
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    predict = getattr(model, "predict" if case.kind == "regression" else method)
    with warnings.catch_warnings(action="ignore"):  # LightGBM names the columns of an array.
        return predict(make_rows(case)[0])


def iterations_of(model) -> int:
    """Return how many iterations a fitted estimator says it has."""
    tellers = {
        "estimators_": len,
        "loss_curve_": len,
        "t_": lambda updates: (updates - 1) // N_ROWS,
        "n_iter_": int,
        "tree_count_": int,
        "booster_": lambda booster: booster.current_iteration(),
        "get_booster": lambda get: get().num_boosted_rounds(),
    }
    name = next(name for name in tellers if getattr(model, name, None) is not None)
    return tellers[name](getattr(model, name))


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_each_step_yields_the_model_of_one_fit_with_its_share_of_the_budget(case: Case) -> None:
    for step, state in enumerate(states(case), start=1):
        expected = one_fit(case, ceil(case.n_iterations * step / N_STEPS))

        found = predictions(state.pipeline, case)

        np.testing.assert_allclose(found, predictions(expected, case), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", STOPPING.values(), ids=STOPPING)
def test_a_model_that_stops_by_itself_stops_in_steps_too(case: Case) -> None:
    expected = one_fit(case)

    model = states(case)[-1].pipeline

    assert iterations_of(model[-1]) == iterations_of(expected[-1]) < case.n_iterations
    np.testing.assert_allclose(predictions(model, case), predictions(expected, case), rtol=1e-9)


@pytest.mark.parametrize("case", (EXACT | OTHERS).values(), ids=EXACT | OTHERS)
def test_each_step_adds_its_share_of_the_iterations(case: Case) -> None:
    done = states(case)

    assert [state.n_iterations for state in done] == [4, 7, 10]
    assert [iterations_of(state.pipeline[-1]) for state in done] == [4, 7, 10]


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_a_step_can_be_done_again_elsewhere_from_the_state_it_began_with(case: Case) -> None:
    first, second, _ = states(case)
    rows = make_rows(case)
    before = predictions(first.pipeline, case)

    again = [
        advance(case.spec(), state, *rows, ROLES, step=2, n_steps=N_STEPS)
        for state in (first, pickle.loads(pickle.dumps(first)))
    ]

    for state in again:
        model = pickle.loads(pickle.dumps(state)).pipeline
        expected = predictions(second.pipeline, case)
        np.testing.assert_array_equal(predictions(model, case), expected)
    np.testing.assert_array_equal(predictions(first.pipeline, case), before)


@pytest.mark.parametrize("path", BAYES.values(), ids=BAYES)
def test_naive_bayes_sees_each_row_once(path: str) -> None:
    case = Case(path=path)
    spec = EstimatorSpec(path=path, params={}, seed=0, kind="classification")
    rows = make_rows(case)
    state = None
    n_seen = []

    for step in range(1, 4):
        state = advance(spec, state, *rows, ROLES, step=step, n_steps=3)
        estimator = state.pipeline[-1]
        n_seen.append(estimator.class_count_.sum())

    assert n_seen == [40, 80, 120]
    expected = build_pipeline(spec, ROLES).fit(*rows)
    found = predictions(state.pipeline, case)
    np.testing.assert_allclose(found, predictions(expected, case), atol=1e-6)


def test_naive_bayes_takes_more_steps_than_there_are_rows() -> None:
    case = Case(path=BAYES["bernoulli"])
    spec = EstimatorSpec(path=case.path, params={}, seed=0, kind="classification")
    features, values = make_rows(case, n_rows=6)
    state = None

    for step in range(1, 9):
        state = advance(spec, state, features, values, ROLES, step=step, n_steps=8)

    assert state.pipeline[-1].class_count_.sum() == 6


def test_epochs_of_sgd_shuffle_the_rows_each_in_another_order() -> None:
    case = linear("SGDRegressor", learning_rate="constant")
    features, values = make_rows(case)
    same_order = build_pipeline(case.spec(), ROLES)
    rows = same_order[:-1].fit_transform(features)

    model = states(case)[-1].pipeline

    for _ in range(case.n_iterations):
        same_order[-1].partial_fit(rows, values)  # An integer seed gives each call one order.
    assert not np.allclose(model[-1].coef_, same_order[-1].coef_, rtol=1e-6)


def test_features_are_fitted_in_the_first_step_only() -> None:
    first, *others = states(EXACT["forest"])

    assert all(o.pipeline["features"] is first.pipeline["features"] for o in others)


def test_more_steps_than_iterations_leave_some_without_work() -> None:
    case = replace(EXACT["forest"], n_iterations=2)

    done = states(case, n_steps=4)

    assert [state.n_iterations for state in done] == [1, 1, 2, 2]
    assert done[1] is done[0]


def test_a_lost_state_is_made_up_for_in_one_step() -> None:
    case = EXACT["histograms by chance"]

    state = advance(case.spec(), None, *make_rows(case), ROLES, step=2, n_steps=N_STEPS)

    expected = predictions(states(case)[1].pipeline, case)
    np.testing.assert_allclose(predictions(state.pipeline, case), expected, rtol=1e-9)


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_what_can_be_trained_in_steps_has_no_problem(case: Case) -> None:
    assert stepping_problem(case.spec()) is None


@pytest.mark.parametrize(
    ("case", "remedy"),
    [
        (linear("LogisticRegression"), "LogisticRegression cannot .* Name one that can: a random"),
        (linear("ElasticNet"), "or set prune_by = folds"),
        (Case(path="sklearn.ensemble.AdaBoostClassifier"), "Name one that can"),
        (forest("GradientBoostingClassifier", n_iter_no_change=5), "count anew .* Leave it out"),
        (forest("BaggingClassifier", oob_score=True), "`oob_score`.* Leave it out"),
        (mlp(solver="lbfgs"), 'Use "adam" or "sgd"'),
        (mlp("regression", solver="lbfgs"), 'Use "adam" or "sgd"'),
        (mlp(early_stopping=True), "`early_stopping`. Leave it out: the pruner"),
        (linear("SGDClassifier", class_weight="balanced"), "`class_weight .* Leave it out"),
    ],
)
def test_a_problem_has_a_remedy(case: Case, remedy: str) -> None:
    problem = stepping_problem(case.spec())

    assert re.search(remedy, problem or "")


@pytest.mark.parametrize(
    ("case", "remedy"),
    [(linear("LogisticRegression"), "Name one that can"), (mlp(solver="lbfgs"), 'Use "adam"')],
)
def test_a_step_of_what_has_no_steps_is_refused(case: Case, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        advance(case.spec(), None, *make_rows(case), ROLES, step=1, n_steps=2)


def test_extras_are_imported_for_their_own_estimators_only() -> None:
    code = (
        "import sys; from tests.model.test_stepwise import EXACT, states; states(EXACT['forest']); "
        "print({'xgboost', 'lightgbm', 'catboost'} & sys.modules.keys())"
    )

    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
        cwd=Path(__file__).parents[2],
    )

    assert run.stdout.strip() == "set()"
