"""The house prices experiment scores what CatBoost alone scores on the same folds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.conftest import REPOSITORY, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("catboost")
pytestmark = pytest.mark.slow

ROUNDS = 40
QUICK = (
    "Tuner.n_trials=2",
    f"Trainer.params.iterations={ROUNDS}",
    "Tuner.search_space.depth.high=4",
    "Tuner.search_space.learning_rate.low=0.25",
    "Evaluator.n_folds=2",
)


def test_trials_score_what_a_script_with_an_eval_set_scores(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks" / "scripts")
    from catboost_folds import stopped_minimum, validation_curves

    project = make_project(tmp_path / "project", empty_store, "house_prices")
    project.configure((REPOSITORY / "experiments" / "house_prices.toml").read_text())

    outcome = project.run(*(part for setting in QUICK for part in ("--set", setting)))

    assert outcome.code == 0, outcome.err
    (run,) = project.top_runs()
    artifacts = project.artifacts(run)
    trials = pd.read_parquet(artifacts / "Tuner" / "trials.parquet")
    trial = trials.loc[trials[trials["state"] == "complete"]["value"].idxmin()]
    names = ("depth", "learning_rate", "subsample", "l2_leaf_reg")
    params = {name: trial[f"params.{name}"].item() for name in names}
    file = REPOSITORY / "input" / "house_prices" / "train.csv"
    houses = pd.read_csv(file, keep_default_na=False, na_values=["NA"])
    curves = validation_curves(houses, params | {"depth": int(params["depth"])}, ROUNDS)
    least, n_rounds = stopped_minimum(curves.mean(axis=0))
    assert trial["value"] == pytest.approx(least, abs=1e-6)
    assert trial["n_rounds"] == n_rounds
    folds = [trial[f"fold_{number}"] for number in range(5)]
    assert folds == pytest.approx(curves[:, n_rounds - 1], abs=1e-6)
    trained = json.loads((artifacts / "Trainer" / "params.json").read_text())
    assert trained["iterations"] == n_rounds
    assert run.data.metrics["best_rmsle"] == pytest.approx(least, abs=1e-6)
    prices = pd.read_csv(artifacts / "Prediction" / "test_prediction.csv")["SalePrice"]
    assert 10_000 < prices.min() < np.median(prices) < prices.max() < 1_000_000
