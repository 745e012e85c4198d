"""Trials of boosters: rounds from the folds, whoever computes them and in whatever order."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from runforest.executors import open_executor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_estimator
from runforest.model.splits import SplitSpec, fold_positions
from runforest.tuning.checks import study_problems
from runforest.tuning.samplers.pruners import growing_steps
from runforest.tuning.space.table import parse_space
from runforest.tuning.study.tables import best_params, trials_table
from tests.tuning.studies import Killed, make_study, make_table, outcome, run

pytest.importorskip("lightgbm")

TABLE = {"learning_rate": {"type": "float", "low": 0.05, "high": 0.6}}
SPLITS = SplitSpec(kind="regression", n_folds=3, seed=2)
PARAMS: dict[str, object] = {
    "n_estimators": 80, "num_leaves": 4, "min_child_samples": 5, "verbose": -1, "n_jobs": 1,
    "subsample": 0.8, "subsample_freq": 1,
}  # fmt: skip
ESTIMATOR = EstimatorSpec(
    path="lightgbm.LGBMRegressor",
    params=PARAMS,
    seed=0,
    kind="regression",
    early_stopping_rounds=8,
)


def boosted(**changes: object):
    options = {
        "estimator": ESTIMATOR,
        "objectives": ("rmse",),
        "space": parse_space(TABLE),
        "splits": SPLITS,
        "n_trials": 4,
    }
    return make_study(**(options | changes))


HYPERBAND = {"pruner": "hyperband", "prune_by": "iterations", "n_steps": 9}


@pytest.mark.parametrize("pruning", [{}, HYPERBAND], ids=["unpruned", "hyperband"])
def test_a_trial_scores_what_single_fits_with_its_rounds_score(pruning) -> None:
    table = make_table(120)
    study = boosted(**pruning)
    result = run(study, table=table)

    best = result.best
    params = {**PARAMS, **best_params(study, best)}
    assert params["n_estimators"] == best.n_rounds < 80
    expected = []
    for train, test in fold_positions(table, "y", SPLITS):
        model = build_estimator(
            EstimatorSpec(path=ESTIMATOR.path, params=params, seed=0, kind="regression")
        )
        scale = table[["x", "z"]].to_numpy()
        model.fit(scale[train], table["y"].to_numpy()[train])
        predicted = model.predict(scale[test])
        expected.append(root_mean_squared_error(table["y"].to_numpy()[test], predicted))
    assert best.fold_scores == pytest.approx(expected, abs=1e-6)
    assert best.value == pytest.approx(np.mean(expected), abs=1e-6)


def test_the_smallest_error_is_the_best() -> None:
    result = run(boosted())

    assert result.best.value == min(trial.value for trial in result.trials)
    assert "n_rounds" in trials_table(result.trials)


def test_hyperband_ends_trials_before_all_their_rounds() -> None:
    slow = {"learning_rate": {"type": "float", "low": 0.001, "high": 0.6, "log": True}}
    result = run(boosted(**HYPERBAND, space=parse_space(slow), n_trials=12))

    assert {trial.state for trial in result.trials} == {"complete", "pruned"}


def test_trials_are_the_same_on_any_executor() -> None:
    serial = run(boosted(n_trials=2))
    with open_executor("processes", 2, address="") as executor:
        spread = run(boosted(n_trials=2), executor=executor)

    assert [outcome(one) for one in serial.trials] == [outcome(one) for one in spread.trials]
    assert [one.n_rounds for one in serial.trials] == [one.n_rounds for one in spread.trials]


def test_a_killed_study_goes_on_with_the_rounds_of_its_trials(tmp_path) -> None:
    whole = run(boosted())
    file = tmp_path / "study.log"
    with pytest.raises(KeyboardInterrupt):
        run(boosted(), listener=Killed(1), study_file=file)

    resumed = run(boosted(), study_file=file)

    assert [one.n_rounds for one in resumed.trials] == [one.n_rounds for one in whole.trials]
    assert [outcome(one) for one in resumed.trials] == [outcome(one) for one in whole.trials]


@pytest.mark.parametrize(
    ("pruning", "expected"),
    [
        ({"pruner": "none"}, [9]),
        ({"pruner": "hyperband"}, [1, 3, 9]),
        ({"pruner": "hyperband", "pruner_options": {"reduction_factor": 2}}, [1, 2, 4, 8, 9]),
        ({"pruner": "successive_halving"}, [1, 4, 9]),
        ({"pruner": "median"}, [1, 2, 4, 8, 9]),
    ],
)
def test_steps_grow_so_that_training_anew_costs_little(pruning, expected) -> None:
    assert growing_steps(boosted(prune_by="iterations", n_steps=9, **pruning)) == expected


def test_early_stopping_looks_at_all_folds_together(facts) -> None:
    problems = study_problems(boosted(pruner="median", prune_by="folds"), TABLE, facts)

    assert problems["prune_by"].endswith('Set prune_by = "iterations".')
    remedied = boosted(pruner="median", prune_by="iterations")
    assert study_problems(remedied, TABLE, facts) == {}


def test_catboost_gets_its_learning_rate_from_the_search_space_too(facts) -> None:
    pytest.importorskip("catboost")
    estimator = EstimatorSpec(
        path="catboost.CatBoostRegressor",
        params={},
        seed=0,
        kind="regression",
        early_stopping_rounds=8,
    )

    assert study_problems(boosted(estimator=estimator), TABLE, facts) == {}
    depths = {"depth": {"type": "int", "low": 3, "high": 5}}
    problems = study_problems(boosted(estimator=estimator), depths, facts)
    assert "Give `learning_rate`" in problems["early_stopping_rounds"]


@pytest.fixture
def facts():
    from runforest.run.active import DatasetFacts

    return DatasetFacts(n_rows=60, n_target_values=60)
