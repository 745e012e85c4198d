"""Studies on real data that end when they have fitted as many folds as they may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.workspace import PROJECT
from runforest.executors import open_executor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.tuning.driver.search import run_study
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.study.spec import StudySpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from runforest.foundation.estimator_names import Kind
    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.trial_record import TrialRecord

N_FOLDS = 5
ENOUGH_TRIALS = 100_000


class _BudgetSpentError(Exception):
    """Ends a study."""


class _Budget:
    """Keeps the trials of a study, and ends it when they have fitted enough folds."""

    def __init__(self, n_folds: int) -> None:
        self.records: list[TrialRecord] = []
        self._n_folds = n_folds

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Nothing is earlier."""

    def trial_is_long(self, running: RunningTrial) -> None:
        """Let it go on."""

    def trial_finished(self, record: TrialRecord) -> None:
        """Count its folds."""
        n_fitted = sum(len(each.fold_scores) for each in (*self.records, record))
        if n_fitted <= self._n_folds:
            self.records.append(record)
        if n_fitted >= self._n_folds:
            raise _BudgetSpentError


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A table, and what is tuned on it."""

    description: str
    load: Callable[[], pd.DataFrame]
    target: str
    kind: Kind
    scoring: str
    estimator: str
    params: Mapping[str, object]
    space: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How a study came on: after so many folds its complete trials had this best score."""

    bests: tuple[tuple[int, float], ...]  # Folds fitted, best score; a pair for each improvement.
    n_trials: int
    n_complete: int

    @property
    def best(self) -> float:
        """The best score in the end."""
        return self.bests[-1][1]

    @property
    def first_complete(self) -> int:
        """Folds that were fitted when the first trial was complete."""
        return self.bests[0][0]

    def best_after(self, n_fitted: int) -> float:
        """Return the best score after so many folds."""
        return max(score for n, score in self.bests if n <= n_fitted)


def search(data_set: str, pruner: str, seed: int, budget: int) -> Progress:
    """Run a study until it has fitted `budget` folds."""
    chosen = DATA_SETS[data_set]
    records = _records_within(_spec(chosen, pruner, seed), chosen.load(), budget)
    bests: list[tuple[int, float]] = []
    n_fitted = 0
    for record in records:
        n_fitted += len(record.fold_scores)
        if record.value is not None and (not bests or record.value > bests[-1][1]):
            bests.append((n_fitted, record.value))
    return Progress(
        bests=tuple(bests),
        n_trials=len(records),
        n_complete=sum(record.value is not None for record in records),
    )


def _records_within(study: StudySpec, table: pd.DataFrame, budget: int) -> list[TrialRecord]:
    """Return the trials that fit into the budget; one that exceeds it does not count."""
    within = _Budget(budget)
    try:
        with TemporaryDirectory() as folder, open_executor("serial", 1) as executor:
            table.to_parquet(file := Path(folder) / "table.parquet")
            run_study(
                study=study,
                table=file,
                executor=executor,
                n_jobs=1,
                listener=within,
                suggest=lambda trial: suggest(trial, study.space),
            )
    except _BudgetSpentError:
        pass
    return within.records


def _spec(data_set: DataSet, pruner: str, seed: int) -> StudySpec:
    return StudySpec(
        estimator=EstimatorSpec(
            path=data_set.estimator, params=data_set.params, seed=seed, kind=data_set.kind
        ),
        target=data_set.target,
        n_trials=ENOUGH_TRIALS,
        timeout_s=None,
        n_folds=N_FOLDS,
        objectives=(data_set.scoring,),
        seed=seed,
        space=parse_space(data_set.space),
        pruner=pruner,
    )


def _load_titanic() -> pd.DataFrame:
    import pandas as pd

    table = pd.read_csv(PROJECT / "input" / "titanic" / "train.csv")
    return table.drop(columns=["PassengerId", "Name", "Ticket", "Cabin"])


def _load_diabetes() -> pd.DataFrame:
    from sklearn.datasets import load_diabetes

    table: pd.DataFrame = load_diabetes(as_frame=True).frame
    return table


DATA_SETS = {
    "titanic": DataSet(
        description="random forest of 30 trees, accuracy; `input/titanic/train.csv`.",
        load=_load_titanic,
        target="Survived",
        kind="classification",
        scoring="accuracy",
        estimator="sklearn.ensemble.RandomForestClassifier",
        params={"n_estimators": 30},
        space={
            "max_depth": {"type": "int", "low": 1, "high": 16},
            "min_samples_leaf": {"type": "int", "low": 1, "high": 50, "log": True},
            "max_features": {"type": "float", "low": 0.1, "high": 1.0},
            "criterion": ["gini", "entropy"],
        },
    ),
    "diabetes": DataSet(
        description="gradient boosting of 50 trees, R2; of scikit-learn's bundled data sets.",
        load=_load_diabetes,
        target="target",
        kind="regression",
        scoring="r2",
        estimator="sklearn.ensemble.GradientBoostingRegressor",
        params={"n_estimators": 50},
        space={
            "learning_rate": {"type": "float", "low": 0.001, "high": 1.0, "log": True},
            "max_depth": {"type": "int", "low": 1, "high": 8},
            "subsample": {"type": "float", "low": 0.3, "high": 1.0},
            "min_samples_leaf": {"type": "int", "low": 1, "high": 50, "log": True},
        },
    ),
}
