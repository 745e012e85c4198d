"""A study takes any splits, whose rows need not partition the table, and no held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from runforest.model.splits import SplitSpec
from tests.tuning.studies import make_study, make_table, run, write_model

if TYPE_CHECKING:
    import pandas as pd

FOREST = "sklearn.ensemble.RandomForestRegressor"
ONE_SPLIT = {"n_splits": 1, "test_size": 0.25, "random_state": 0}


def table_with_groups() -> pd.DataFrame:
    return make_table().assign(who=[f"w{row % 5}" for row in range(60)], day=range(60))


@pytest.mark.parametrize(
    ("splits", "n_folds"),
    [
        ({"cv": "one_split"}, 1),
        ({"cv": "repeated", "options": {"n_repeats": 2}}, 6),
        ({"time": "day"}, 3),
        ({"group": "who"}, 3),
        ({"group": "who", "cv": "sklearn.model_selection.LeaveOneGroupOut"}, 5),
        ({"holdout": 0.25}, 3),
    ],
)
def test_a_trial_has_a_score_per_fold(splits: dict, n_folds: int) -> None:
    spec = SplitSpec(kind="regression", n_folds=3, hidden=("who",), **splits)

    result = run(make_study(splits=spec, n_trials=2), table=table_with_groups())

    assert [len(trial.fold_scores) for trial in result.trials] == [n_folds] * 2


def test_the_score_on_one_split_is_that_of_train_test_split() -> None:
    table = make_table()
    spec = SplitSpec(
        kind="regression", cv="sklearn.model_selection.ShuffleSplit", options=ONE_SPLIT
    )
    train, test = train_test_split(table, test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(train[["x", "z"]])

    result = run(make_study(splits=spec, n_trials=3))

    for trial in result.trials:
        model = Ridge(**trial.params).fit(scaler.transform(train[["x", "z"]]), train["y"])
        expected = r2_score(test["y"], model.predict(scaler.transform(test[["x", "z"]])))
        assert trial.fold_scores == (pytest.approx(expected, abs=1e-9),)


@pytest.mark.parametrize(
    "splits",
    [{"group": "who", "cv": "sklearn.model_selection.LeaveOneGroupOut"}, {"cv": "repeated"}],
)
def test_any_number_of_folds_can_be_pruned(splits: dict) -> None:
    spec = SplitSpec(kind="regression", n_folds=3, hidden=("who",), **splits)
    study = make_study(
        splits=spec, n_trials=8, pruner="median", pruner_options={"n_startup_trials": 1}
    )

    result = run(study, table=table_with_groups())

    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.fold_scores for trial in pruned)


@pytest.mark.parametrize("splits", [{"cv": "one_split"}, {"time": "day", "holdout": 0.2}])
def test_trainings_in_steps_take_any_splits(splits: dict) -> None:
    spec = SplitSpec(kind="regression", n_folds=3, hidden=("who",), **splits)
    study = make_study(
        FOREST,
        splits=spec,
        n_trials=3,
        n_steps=3,
        prune_by="iterations",
        pruner="hyperband",
        pruner_options={"reduction_factor": 2},
        space={},
        is_conditional=True,
    )

    result = run(
        study,
        table=table_with_groups(),
        suggesting=lambda trial, space: {"n_estimators": trial.suggest_int("n_estimators", 3, 9)},  # noqa: ARG005
    )

    assert result.best.state == "complete"


def test_held_out_rows_reach_no_model(tmp_path, monkeypatch) -> None:
    table = make_table()
    table["y"] = np.where(np.arange(60) >= 45, np.nan, table["y"])  # a fit on these would fail
    table["day"] = range(60)
    path = write_model(tmp_path, monkeypatch, "assert len(X) < 45")
    spec = SplitSpec(kind="regression", n_folds=3, holdout=0.25, time="day")

    result = run(make_study(path, splits=spec, n_trials=2), table=table)

    assert {trial.state for trial in result.trials} == {"complete"}
