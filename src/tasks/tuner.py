"""Tuner: a search for the best parameters of the estimator, by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import luigi

from runforest.estimators import EstimatorSpec
from runforest.executors import EXECUTORS, executor_problems, open_executor
from runforest.parameters import (
    ImportPathParameter,
    KindParameter,
    TableParameter,
    from_table,
)
from runforest.run_task import RunTask, requires
from runforest.tuning.checks import search_space_problems
from runforest.tuning.folds import fold_count_problem
from runforest.tuning.samplers import PRUNERS, SAMPLERS, pruner_problems, sampler_problems
from runforest.tuning.scoring import default_scorer, scorer_problems
from runforest.tuning.space import log_names, parse_space, suggest
from runforest.tuning.tables import study_facts, trials_table
from tasks.features import Features

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna
    from matplotlib.figure import Figure

    from runforest.artifacts import Artifact
    from runforest.errors import Problem
    from runforest.tuning.study import StudyResult, StudySpec
    from runforest.tuning.trials import TrialRecord

MAX_TRIALS = 1_000_000
_names = ", ".join


@requires(Features)
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
    scoring = luigi.Parameter(
        default="",
        description="Name of a scikit-learn scorer; when empty, accuracy for classes and r2 for "
        "numbers.",
    )
    seed = luigi.IntParameter(default=0, description="Seed of the sampler and of the folds.")
    sampler = luigi.Parameter(
        default="tpe", description=f"How parameters are chosen: {_names(SAMPLERS)}."
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
    executor = luigi.Parameter(
        default="serial",
        significant=False,
        description=f"Where trials are computed: {_names(EXECUTORS)}.",
    )
    n_jobs = luigi.NumericalParameter(
        default=1,
        var_type=int,
        min_value=1,
        max_value=1024,
        significant=False,
        description="Trials at a time; more than 1 needs an executor other than serial.",
    )
    estimator = from_table(
        "Trainer", "estimator", ImportPathParameter(default="", description="As the trainer's.")
    )
    params = from_table(
        "Trainer", "params", TableParameter(default={}, description="As the trainer's.")
    )
    target = from_table("Dataset", "target", luigi.Parameter(description="Column to predict."))
    id = from_table(
        "Dataset", "id", luigi.Parameter(default="", description="Column that names a row.")
    )
    kind = from_table("Dataset", "kind", KindParameter(description="classification or regression."))

    def suggest(self, trial: optuna.Trial) -> dict[str, object]:
        """Return the parameters of a trial; override it for a conditional search space."""
        return suggest(trial, parse_space(self.search_space))

    def problems(self) -> Iterator[Problem]:
        """Return what is wrong with the search before it starts."""
        facts = self.active_run.settings.dataset
        n_classes = facts.n_target_values if self.kind == "classification" else None
        refused = scorer_problems(self._scorer(), self.kind, n_classes=n_classes)
        for problems in (
            self._search_problems(),
            pruner_problems(self.pruner, self.pruner_options),
            dict.fromkeys(["scoring"], "\n".join(refused.values())) if refused else {},
            fold_count_problem(self.n_folds, facts.n_rows, facts.smallest_class, self.kind),
            executor_problems(self.executor, self.n_jobs),
        ):
            for key, message in problems.items():
                yield self.problem(key, message)
        if self.timeout_s < 0:
            message = f"must not be negative, got {self.timeout_s}. 0 is no limit."
            yield self.problem("timeout_s", message)

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
        """Run the trials and keep what they found."""
        from runforest.tuning.driver import run_study

        train = self.input()["train"].load()
        with open_executor(self.executor, self.n_jobs) as executor:
            result = run_study(
                study=self._study_spec(),
                table=train.drop(columns=[self.id] if self.id else []),
                executor=executor,
                n_jobs=self.n_jobs,
                on_trial=self._note_trial,
                suggest=self.suggest,
                study_file=self.output()["storage"].path,
            )
        self._save(result)

    def _note_trial(self, trial: TrialRecord) -> None:
        self.log_trial(trial.to_json())
        self.report_progress(
            trial.number + 1, self.n_trials, f"trial {trial.number}: {trial.state}"
        )

    def _save(self, result: StudyResult) -> None:
        outputs = self.output()
        outputs["best_params"].save(result.best_params)
        outputs["study"].save(study_facts(result, self._scorer()))
        outputs["trials"].save(trials_table(result.trials))
        outputs["plots"].path.mkdir()
        for name, figure in self._figures(result).items():
            self.log_figure(figure, f"plots/{name}.png")
        self.log_metric(f"best_{self._scorer()}", result.best_value)
        self.log_params({f"best.{name}": value for name, value in result.best_params.items()})

    def _figures(self, result: StudyResult) -> dict[str, Figure]:
        from runforest.tuning import plots

        logarithmic = (
            log_names(parse_space(self.search_space)) if self.search_space else frozenset()
        )
        return {
            "history": plots.history_figure(result.trials, self._scorer()),
            "importances": plots.importances_figure(result.importances),
            "slices": plots.slices_figure(result.trials, logarithmic, self._scorer()),
            "parallel_coordinates": plots.parallel_figure(
                result.trials, logarithmic, self._scorer()
            ),
        }

    def _search_problems(self) -> dict[str, str]:
        """Return what is wrong with the search space, or else with the sampler for it."""
        if type(self).suggest is not Tuner.suggest:
            return sampler_problems(self.sampler, {}, self.sampler_options)
        found = search_space_problems(self.search_space, self._estimator_spec())
        space = {} if found else parse_space(self.search_space)
        return found or sampler_problems(self.sampler, space, self.sampler_options)

    def _scorer(self) -> str:
        return self.scoring or default_scorer(self.kind)

    def _estimator_spec(self) -> EstimatorSpec:
        return EstimatorSpec(
            path=self.estimator, params=dict(self.params), seed=self.seed, kind=self.kind
        )

    def _study_spec(self) -> StudySpec:
        from runforest.tuning.study import StudySpec

        return StudySpec(
            estimator=self._estimator_spec(),
            target=self.target,
            n_trials=self.n_trials,
            timeout_s=self.timeout_s or None,
            n_folds=self.n_folds,
            scorer=self._scorer(),
            seed=self.seed,
            space=parse_space(self.search_space) if self.search_space else {},
            sampler=self.sampler,
            sampler_options=self.sampler_options,
            pruner=self.pruner,
            pruner_options=self.pruner_options,
        )
