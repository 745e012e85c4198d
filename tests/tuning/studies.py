"""Small studies for the tests, and a listener that keeps what it hears."""

from __future__ import annotations

import dataclasses
import itertools
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from runforest.executors import SerialExecutor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.splits import SplitSpec
from runforest.tuning.driver.search import StudyResult, StudySpec, run_study
from runforest.tuning.space.table import parse_space, suggest

if TYPE_CHECKING:
    import pytest

    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.trial_record import TrialRecord

SPACE = parse_space(
    {
        "alpha": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
        "tol": {"type": "float", "low": 1e-4, "high": 1e-2},
        "fit_intercept": [True, False],
    }
)
NUMBERS = {name: SPACE[name] for name in ("alpha", "tol")}
GRID_TABLE = {"alpha": [0.1, 1.0, 10.0], "fit_intercept": [True, False]}
GRID = parse_space(GRID_TABLE)
TPE = {"n_startup_trials": 3}


def make_table(n_rows: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, n_rows))
    return pd.DataFrame({"x": x, "z": z, "y": 2 * x - z + random.normal(size=n_rows)})


def make_study(path: str = "", **changes: object) -> StudySpec:
    study = StudySpec(
        estimator=EstimatorSpec(path=path, params={}, seed=0, kind="regression"),
        target="y",
        n_trials=6,
        timeout_s=None,
        splits=SplitSpec(kind="regression", n_folds=3, seed=1),
        objectives=("r2",),
        seed=1,
        space=SPACE,
        sampler_options=TPE,
    )
    splits = {key: changes[key] for key in ("n_folds", "seed") if key in changes}
    changes.pop("n_folds", None)
    changes = {"splits": dataclasses.replace(study.splits, **splits), **changes}
    return dataclasses.replace(study, **changes)


class Recording:
    """A listener that collects what it gets, and may do something at each finished trial."""

    def __init__(self, on_trial=lambda _record: None) -> None:
        self.earlier: list[TrialRecord] = []
        self.finished: list[TrialRecord] = []
        self.long: list[str] = []
        self._on_trial = on_trial

    def study_started(self, earlier: list[TrialRecord]) -> None:
        self.earlier = earlier

    def trial_is_long(self, running: RunningTrial) -> None:
        self.long.append(running.uid)

    def trial_finished(self, record: TrialRecord) -> None:
        self.finished.append(record)
        self._on_trial(record)


class StuckExecutor(SerialExecutor):
    """Runs each call at once, but never those of the given numbers."""

    def __init__(self, *stuck: int) -> None:
        self._stuck, self._numbers = stuck, itertools.count()

    def submit(self, fn, /, *args, **kwargs) -> Future:
        is_stuck = next(self._numbers) in self._stuck
        return Future() if is_stuck else super().submit(fn, *args, **kwargs)


class InterruptedExecutor(SerialExecutor):
    """Runs each call at once, and ends the study at the one of the given number."""

    def __init__(self, number: int) -> None:
        self._number, self._numbers = number, itertools.count()

    def submit(self, fn, /, *args, **kwargs) -> Future:
        if next(self._numbers) == self._number:
            raise KeyboardInterrupt
        return super().submit(fn, *args, **kwargs)


class Killed(Recording):
    """A listener that ends the study at a finished trial, as a kill would."""

    def __init__(self, number: int) -> None:
        super().__init__(self._kill)
        self._number = number

    def _kill(self, record: TrialRecord) -> None:
        if record.number == self._number:
            raise KeyboardInterrupt


def run(
    study: StudySpec,
    *,
    executor=None,
    n_jobs=1,
    listener=None,
    table=None,
    suggesting=suggest,
    **files,
) -> StudyResult:
    """Run a study; `suggesting` returns the parameters of a trial, given that and the space."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "train.parquet"
        (make_table() if table is None else table).to_parquet(file)
        return run_study(
            study=study,
            table=file,
            executor=executor or SerialExecutor(),
            n_jobs=n_jobs,
            listener=listener or Recording(),
            suggest=partial(suggesting, space=study.space),
            **files,
        )


def outcome(trial: TrialRecord) -> tuple[object, ...]:
    return (trial.number, trial.params, trial.state, trial.fold_scores)


def write_model(folder: Path, monkeypatch: pytest.MonkeyPatch, fit: str) -> str:
    """Write a ridge model whose `fit` begins with the given statement; return its import path."""
    monkeypatch.syspath_prepend(folder)
    name = f"model_{folder.name}"
    (folder / f"{name}.py").write_text(
        "import os, signal\n"
        "from sklearn.linear_model import Ridge\n"
        "class Model(Ridge):\n"
        "    def fit(self, X, y):\n"
        f"        {fit}\n"
        "        return super().fit(X, y)\n"
    )
    return f"{name}.Model"
