"""Boosters through the program: labels as they are spelt, rounds from the folds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

CONFIG = """\
[RunConfig]
experiment_name = "smokers"
[PathConfig]
input = "smokers"
[Dataset]
target = "smoker"
[Trainer]
estimator = "xgboost.XGBClassifier"
params = { n_estimators = 40, max_depth = 3, n_jobs = 1 }
early_stopping_rounds = 5
tune = true
[Tuner]
n_trials = 3
n_folds = 3
scoring = "logloss"
pruner = "hyperband"
prune_by = "iterations"
n_steps = 4
[Tuner.search_space]
learning_rate = { type = "float", low = 0.3, high = 0.6 }
[Evaluator]
n_folds = 2
"""


def write_smokers(folder: Path) -> None:
    random = np.random.default_rng(0)
    pulse, age = random.normal(70, 10, 120), random.integers(18, 80, 120)
    smoker = np.where(pulse + random.normal(0, 5, 120) > 72, "yes", "no")
    table = pd.DataFrame({"pulse": pulse, "age": age, "smoker": smoker})
    folder.mkdir()
    table[:100].to_csv(folder / "train.csv", index=False)
    table[100:].drop(columns="smoker").to_csv(folder / "test.csv", index=False)


def test_xgboost_takes_yes_and_no_and_the_rounds_of_the_best_trial(project: Project) -> None:
    pytest.importorskip("xgboost")
    write_smokers(project.folder / "smokers")
    project.configure(CONFIG)

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    (run,) = project.top_runs()
    folder = project.artifacts(run)
    answers = pd.read_csv(folder / "Prediction" / "test_prediction.csv")["smoker"]
    assert set(answers) == {"yes", "no"}
    trials = pd.read_parquet(folder / "Tuner" / "trials.parquet")
    best = trials[trials["state"] == "complete"].sort_values("value").iloc[0]
    trained = json.loads((folder / "Trainer" / "params.json").read_text())
    assert trained["n_estimators"] == best["n_rounds"] < 40
    assert run.data.metrics["best_logloss"] == best["value"]
    shown = {child.data.metrics.get("n_rounds") for child in project.children(run)}
    assert best["n_rounds"] in shown
    assert "XGBClassifier on smoker" in (folder / "Evaluator" / "report.html").read_text()
    assert "logloss" in outcome.out
