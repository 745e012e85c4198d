"""House prices: the experiment's tuned CatBoost beside the defaults on the same folds."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.machine import installed_versions
from benchmarks.measure import clean_environment, measure
from benchmarks.report import Section
from benchmarks.workspace import PROJECT, commit_all, copy_project, create_store

FOLDER = "HOUSE_PRICES"
EXPERIMENT = "experiments/house_prices.toml"
SCRIPT = PROJECT / "benchmarks" / "scripts" / "catboost_folds.py"
TEXT = f"""\
`{EXPERIMENT}`: RMSLE, the mean of five folds at the round where it is least; a round that 30
later ones do not better ends the training. The defaults are those of `CatBoostRegressor` with a
thousand rounds, on the same folds with the same features by the plain script
`benchmarks/scripts/catboost_folds.py`. The best of many trials looks better on its own folds than
it is: the experiment's evaluator scores it on others, with the number of rounds found here
(*other folds*). The CPU time is that of the whole command.

```console
{FOLDER}=FOLDER make bench ARGS=house_prices                                        # this section
python src/runner.py --config {EXPERIMENT} --set PathConfig.input=FOLDER
```"""


def run(_rounds: int) -> Section:
    """Run both once: the scores do not vary from round to round."""
    folder = Path(os.environ.get(FOLDER, PROJECT / "input" / "house_prices")).resolve()
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        project = Path(scratch) / "project"
        copy_project(project, "src", EXPERIMENT, ".gitignore")
        commit_all(project)
        create_store(project)
        script = measure([sys.executable, str(SCRIPT), str(folder)], project, clean_environment())
        defaults = json.loads(
            (project / "measured.log").read_text(encoding="utf-8").splitlines()[-1]
        )
        setting = ("--set", f"PathConfig.input={folder}")
        command = [sys.executable, "src/runner.py", "--config", EXPERIMENT, *setting]
        ours = measure(command, project, clean_environment())
        (results,) = (project / "mlruns" / "house_prices").glob("*/artifacts")
        trials = pd.read_parquet(results / "Tuner" / "trials.parquet")
        other = json.loads((results / "Evaluator" / "scores.json").read_text(encoding="utf-8"))
    complete = trials[trials["state"] == "complete"]
    best = complete.loc[complete["value"].idxmin()]
    unseen = pd.Series(other["rmsle"]).mean()
    return Section(
        title="House prices",
        text=TEXT,
        columns=("", "RMSLE", "round", "other folds", "CPU, min"),
        rows=(
            (
                "CatBoost's defaults",
                f"{defaults['rmsle']:.4f}",
                f"{defaults['rounds']}",
                "",
                f"{script.cpu_s / 60:.0f}",
            ),
            (
                f"tuned, {len(trials)} trials",
                f"{best['value']:.4f}",
                f"{best['n_rounds']:.0f}",
                f"{unseen:.4f}",
                f"{ours.cpu_s / 60:.0f}",
            ),
        ),
        remarks=(
            "On the files of Kaggle's competition."
            if FOLDER in os.environ
            else f"On the committed data; with {FOLDER}=FOLDER on Kaggle's files in that folder.",
            f"{len(complete)} of the trials were trained to their end, the others pruned.",
            f"The defaults after all thousand rounds: {defaults['rmsle_after_1000_rounds']:.4f}.",
        ),
        versions=installed_versions(("catboost", "optuna", "scikit-learn")),
    )
