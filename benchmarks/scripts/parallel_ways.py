"""Two workers score trials without Runforest: `parallel_ways.py WAY SETTINGS.json RESULT.json`.

Run in a project that has the engine, for its unit of work, and the timed estimators. Each way does
a small study first, so that its workers have started and imported what they need.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean

import joblib
import optuna
import pandas as pd
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from runforest.executors import SerialExecutor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.splits import SplitSpec
from runforest.tuning.driver.work import FoldPlan, score_folds, share_table

N_JOBS = 2
KIND = "regression"


def score(params: dict[str, float], settings: dict) -> float:
    """Return the mean score of a trial's folds: the unit of work of Runforest's own workers."""
    spec = EstimatorSpec(
        path=settings["estimator"], params={**settings["params"], **params}, seed=0, kind=KIND
    )
    numbers = tuple(range(settings["n_folds"]))
    scores = score_folds(settings["plan"], spec, (settings["scoring"],), numbers)
    return fmean(value for (value,) in scores)


def objective(trial: optuna.Trial, settings: dict) -> float:
    """Score what a trial suggests."""
    params = {
        name: trial.suggest_float(name, entry["low"], entry["high"])
        for name, entry in settings["space"].items()
    }
    return score(params, settings)


def bare(settings: dict, n_trials: int, pool: ProcessPoolExecutor) -> None:
    """No study at all: the same points, sent to a pool."""
    points = [dict.fromkeys(settings["space"], number / n_trials) for number in range(n_trials)]
    list(pool.map(score, points, [settings] * n_trials))


def threads(settings: dict, n_trials: int) -> None:
    """Let Optuna use threads."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: objective(trial, settings), n_trials=n_trials, n_jobs=N_JOBS)


def shared(settings: dict, n_trials: int, storage: str) -> None:
    """Let processes of joblib share a study."""
    name = f"study-{n_trials}"
    optuna.create_study(study_name=name, storage=open_storage(storage))
    job = joblib.delayed(share_of)
    joblib.Parallel(n_jobs=N_JOBS)(
        job(settings, name, storage, n_trials // N_JOBS, seed) for seed in range(N_JOBS)
    )


def share_of(settings: dict, name: str, storage: str, n_trials: int, seed: int) -> None:
    """Run one process's trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(
        study_name=name,
        storage=open_storage(storage),
        sampler=optuna.samplers.RandomSampler(seed=seed),
    )
    study.optimize(lambda trial: objective(trial, settings), n_trials=n_trials)


def open_storage(storage: str) -> str | JournalStorage:
    """Return a database's address, or a journal in a file."""
    if storage.startswith("sqlite"):
        return storage
    return JournalStorage(JournalFileBackend(storage))


def main(way: str, settings_file: str, result_file: str) -> None:
    """Warm up, run the trials of a way, write the seconds of these."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = json.loads(Path(settings_file).read_text(encoding="utf-8"))
    table = Path("table.parquet").absolute()
    pd.read_csv(settings["table"]).to_parquet(table)
    settings["plan"] = FoldPlan(
        table=share_table(table, SerialExecutor()),
        target=settings["target"],
        splits=SplitSpec(kind=KIND, n_folds=settings["n_folds"]),
        estimator=EstimatorSpec(
            path=settings["estimator"], params=settings["params"], seed=0, kind=KIND
        ),
    )
    with ProcessPoolExecutor(N_JOBS) as pool:
        ways = {
            "bare": lambda n: bare(settings, n, pool),
            "threads": lambda n: threads(settings, n),
            "sqlite": lambda n: shared(settings, n, "sqlite:///shared.db"),
            "journal": lambda n: shared(settings, n, str(Path("shared.journal").absolute())),
        }
        ways[way](2 * N_JOBS)
        clock = time.perf_counter()
        ways[way](settings["n_trials"])
        study_s = time.perf_counter() - clock
    Path(result_file).write_text(json.dumps({"study_s": study_s}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
