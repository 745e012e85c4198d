"""Tuner: a search for the best parameters of the estimator, by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import luigi

from runforest.executors import EXECUTORS, executor_problems, open_executor
from runforest.fingerprint.ingredients import fingerprint_of
from runforest.model.estimators import EstimatorSpec
from runforest.model.scorers import TIMES
from runforest.model.scoring import default_scorer
from runforest.parameters import (
    ImportPathParameter,
    KindParameter,
    NamesParameter,
    TableParameter,
    TaskNameParameter,
    from_table,
)
from runforest.run_task import RunTask
from runforest.tuning.checks import study_problems
from runforest.tuning.samplers.pruners import PRUNERS
from runforest.tuning.samplers.table import SAMPLERS
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.study.figures import study_figures
from runforest.tuning.study.spec import StudySpec
from runforest.tuning.study.tables import study_facts, trials_table
from runforest.tuning.study_log import StudyLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import optuna

    from runforest.errors import Problem
    from runforest.results.artifacts import Artifact
    from runforest.tuning.space.dimensions import Dimension
    from runforest.tuning.study.spec import StudyResult

MAX_TRIALS = 1_000_000
_names = ", ".join


class Tuner(RunTask):
    """Try parameters of the trainer's estimator; every trial is a child run."""

    search_space = TableParameter(
        default={},
        description="Parameters to try, a table each: type, low, high, log, step, or choices.",
    )
    n_trials = luigi.NumericalParameter(
        default=20,
        var_type=int,
        min_value=1,
        max_value=MAX_TRIALS,
        description="Number of trials in all.",
    )
    timeout_s = luigi.FloatParameter(
        default=0.0, description="Seconds after which no further trial starts; 0 for no limit."
    )
    n_folds = luigi.NumericalParameter(
        default=5,
        var_type=int,
        min_value=2,
        max_value=1000,
        description="Folds of the cross-validation.",
    )
    scoring = NamesParameter(
        default=(),
        description="Name of a scikit-learn scorer, or several: then the trials that no other one "
        "beats are shown, and the best is that of the first. Further ones may be "
        f"{' and '.join(TIMES)}, in seconds. When empty, accuracy for classes and r2 for numbers.",
    )
    seed = luigi.IntParameter(default=0, description="Seed of the sampler and of the folds.")
    sampler = luigi.Parameter(
        default="tpe",
        description=f"How parameters are chosen: {_names(SAMPLERS)}; or the import path of a "
        "sampler of Optuna.",
    )
    sampler_options = TableParameter(
        default={}, description="Options of the sampler, as Optuna names them."
    )
    pruner = luigi.Parameter(
        default="none", description=f"How hopeless trials are ended: {_names(PRUNERS)}."
    )
    pruner_options = TableParameter(
        default={}, description="Options of the pruner, as Optuna names them."
    )
    prune_by = luigi.ChoiceParameter(
        default="folds",
        choices=("folds", "iterations"),
        description="When the pruner decides: after each fold, or after each step of the training "
        "of all folds, for estimators that are trained in iterations.",
    )
    n_steps = luigi.NumericalParameter(
        default=10,
        var_type=int,
        min_value=2,
        max_value=1000,
        description="Equal parts of the iterations, with prune_by = iterations.",
    )
    executor = luigi.ChoiceParameter(
        default="serial",
        choices=tuple(EXECUTORS),
        significant=False,
        description="Where trials are computed.",
    )
    n_jobs = luigi.NumericalParameter(
        default=1,
        var_type=int,
        min_value=1,
        max_value=1024,
        significant=False,
        description="Trials at a time, and workers that are started here; more than 1 needs an "
        "executor other than serial.",
    )
    address = luigi.Parameter(
        default="",
        significant=False,
        description="Scheduler of a running Dask cluster, such as tcp://host:8786, for executor = "
        "dask; when empty, one is started on this machine.",
    )
    estimator = from_table(
        "Trainer", "estimator", ImportPathParameter(default="", description="As the trainer's.")
    )
    params = from_table(
        "Trainer", "params", TableParameter(default={}, description="As the trainer's.")
    )
    tables = from_table(
        "Trainer",
        "tables",
        TaskNameParameter(
            default="Preprocessor", outputs=("train", "test"), description="As the trainer's."
        ),
    )
    target = from_table("Dataset", "target", luigi.Parameter(description="Column to predict."))
    id = from_table(
        "Dataset", "id", luigi.Parameter(default="", description="Column that names a row.")
    )
    kind = from_table("Dataset", "kind", KindParameter(description="classification or regression."))

    def requires(self) -> RunTask:
        """Return the task of the tables."""
        return self.need(self.tables)

    def suggest(self, trial: optuna.Trial) -> dict[str, object]:
        """Return the parameters of a trial; override it for a conditional search space."""
        return suggest(trial, parse_space(self.search_space))

    def problems(self) -> Iterator[Problem]:
        """Return what is wrong with the search before it starts."""
        found = study_problems(
            self._study_spec({}),
            None if self._suggests_by_itself() else self.search_space,
            self.active_run.settings.dataset,
        ) | executor_problems(self.executor, self.n_jobs, self.address)
        for key, message in found.items():
            yield self.problem(key, message)

    def output(self) -> dict[str, Artifact]:
        """Return the best parameters, the table of trials, the plots and the stored study."""
        return {
            "best_params": self.artifact("best_params.json"),
            "study": self.artifact("study.json"),
            "trials": self.artifact("trials.parquet"),
            "plots": self.artifact("plots"),
            "storage": self.artifact("study.journal", is_volatile=True),
        }

    def compute(self) -> None:
        """Run the trials that are missing and keep what the study found."""
        from runforest.tuning.driver.search import run_study
        from runforest.tuning.storage.study_file import locked_study

        space = parse_space(self.search_space) if self.search_space else {}
        study = self._study_spec(space)
        with (
            locked_study(self._kept_file(), is_anew=self.is_forced) as study_file,
            open_executor(self.executor, self.n_jobs, address=self.address) as executor,
        ):
            result = run_study(
                study=study,
                table=self.input()["train"].path,
                executor=executor,
                n_jobs=self.n_jobs,
                listener=StudyLog(self, self._study_key(), study),
                suggest=self.suggest,
                study_file=study_file,
                output=self.output()["storage"].path,
            )
        self._save(result, study)

    def _save(self, result: StudyResult, study: StudySpec) -> None:
        outputs, scorer = self.output(), study.objectives[0]
        outputs["best_params"].save(result.best_params)
        outputs["study"].save(study_facts(result, study.objectives))
        outputs["trials"].save(trials_table(result.trials, result.front))
        outputs["plots"].path.mkdir()
        for name, figure in study_figures(result, study).items():
            self.log_figure(figure, f"plots/{name}.png")
        self.log_metric(f"best_{scorer}", result.best_value)
        self.log_params({f"best.{name}": value for name, value in result.best_params.items()})

    def _suggests_by_itself(self) -> bool:
        return type(self).suggest is not Tuner.suggest

    def _study_key(self) -> str:
        """Return what stays the same while a study goes on: all but its length and its space."""
        ingredients = self.ingredients()
        params = {
            name: value for name, value in ingredients["params"].items() if name not in _VARIABLE
        }
        return fingerprint_of({**ingredients, "params": params})

    def _kept_file(self) -> Path:
        """Return the file from which an interrupted study goes on."""
        return self.active_run.layout.studies / f"{self._study_key()}.journal"

    def _study_spec(self, space: Mapping[str, Dimension]) -> StudySpec:
        return StudySpec(
            estimator=EstimatorSpec(
                path=self.estimator, params=dict(self.params), seed=self.seed, kind=self.kind
            ),
            target=self.target,
            id=self.id,
            n_trials=self.n_trials,
            timeout_s=self.timeout_s or None,
            n_folds=self.n_folds,
            objectives=self.scoring or (default_scorer(self.kind),),
            seed=self.seed,
            space=space,
            is_conditional=self._suggests_by_itself(),
            sampler=self.sampler,
            sampler_options=self.sampler_options,
            pruner=self.pruner,
            pruner_options=self.pruner_options,
            prune_by=self.prune_by,
            n_steps=self.n_steps,
        )


_VARIABLE = ("n_trials", "timeout_s", "search_space")
