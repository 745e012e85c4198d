"""Tuner: a search for the best parameters of the estimator, by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import luigi

from runforest import (
    ImportPathParameter,
    KindParameter,
    RunTask,
    TableParameter,
    from_table,
)
from runforest.checks.features import feature_problems
from runforest.checks.models import estimator_problems
from runforest.checks.splits import split_problems
from runforest.executors import EXECUTORS, executor_problems
from runforest.foundation.parameters import (
    ColumnsParameter,
    CountParameter,
    FeaturesParameter,
    IdParameter,
    ScoresParameter,
    SplitsParameter,
    TablesParameter,
    TargetParameter,
)
from runforest.model.metrics import short_name
from runforest.tuning.checks import study_problems
from runforest.tuning.keys import KEYS, study_of
from runforest.tuning.reporting.plots import study_figures
from runforest.tuning.space.defaults import space_or_default
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.study.tables import best_params, study_facts, trials_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import optuna

    from runforest import Artifact, Problem
    from runforest.tuning.space.dimensions import Dimension
    from runforest.tuning.study.spec import StudySpec


class Tuner(RunTask):
    """Try parameters of the trainer's estimator; every trial is a child run."""

    search_space = TableParameter(default={}, description=KEYS["search_space"])
    n_trials = CountParameter(default=20, high=1_000_000, description=KEYS["n_trials"])
    timeout_s = luigi.FloatParameter(default=0.0, description=KEYS["timeout_s"])
    n_folds = CountParameter(default=5, low=2, description=KEYS["n_folds"])
    scoring = ScoresParameter(default=(), description=KEYS["scoring"])
    seed = luigi.IntParameter(default=0, description=KEYS["seed"])
    sampler = luigi.Parameter(default="tpe", description=KEYS["sampler"])
    sampler_options = TableParameter(default={}, description=KEYS["sampler_options"])
    pruner = luigi.Parameter(default="none", description=KEYS["pruner"])
    pruner_options = TableParameter(default={}, description=KEYS["pruner_options"])
    prune_by = luigi.ChoiceParameter(
        default="folds", choices=("folds", "iterations"), description=KEYS["prune_by"]
    )
    n_steps = CountParameter(default=10, low=2, description=KEYS["n_steps"])
    executor = luigi.ChoiceParameter(
        default="serial", choices=tuple(EXECUTORS), significant=False, description=KEYS["executor"]
    )
    n_jobs = CountParameter(default=1, high=1024, significant=False, description=KEYS["n_jobs"])
    address = luigi.Parameter(default="", significant=False, description=KEYS["address"])
    estimator = from_table("Trainer", "estimator", ImportPathParameter(default=""))
    params = from_table("Trainer", "params", TableParameter(default={}))
    target_transform = from_table("Trainer", "target_transform", luigi.Parameter(default=""))
    early_stopping_rounds = from_table(
        "Trainer",
        "early_stopping_rounds",
        CountParameter(default=0, low=0, description="As `early_stopping_rounds` of [Trainer]."),
    )
    tables = from_table("Trainer", "tables", TablesParameter())
    target = TargetParameter()
    id = IdParameter()
    kind = KindParameter()
    splits = SplitsParameter()
    columns = ColumnsParameter()
    features = FeaturesParameter()

    def requires(self) -> RunTask:
        """Return the task of the tables."""
        return self.need(self.tables)

    def suggest(self, trial: optuna.Trial) -> dict[str, object]:
        """Return the parameters of a trial; override it for a conditional search space."""
        return suggest(trial, parse_space(self.space()))

    def space(self) -> Mapping[str, object]:
        """Return the search space, or where there is none a published one of the estimator."""
        study = self.study({})
        if study.is_conditional:
            return dict(self.search_space)
        return space_or_default(self.search_space, study.estimator)

    def problems(self) -> Iterator[Problem]:
        """Return what is wrong with the search before it starts."""
        study, facts = self.study({}), self.active_run.settings.dataset
        yield from (wrong := split_problems(self.get_task_family(), study.splits, facts))
        if wrong:
            return
        space = None if study.is_conditional else self.space()
        found = study_problems(study, space, facts)
        found |= executor_problems(self.executor, self.n_jobs, self.address)
        for key, message in found.items():
            yield self.problem(key, message)
        if not found and not estimator_problems(study.estimator):
            yield from feature_problems(study.estimator)

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
        """Run the trials that are missing, save what the study found and log what is best."""
        from runforest.figure_fonts import draw_png
        from runforest.tuning.driver.search import run_task_study
        from runforest.tuning.storage.study_file import read_study_file

        outputs, table = self.output(), self.input()["train"].path
        space = self.space()
        study = self.study(parse_space(space) if space else {})
        result = run_task_study(self, study, table=table, output=outputs["storage"].path)
        best = best_params(study, result.best)
        outputs["best_params"].save(best)
        outputs["study"].save(study_facts(result, study.objectives))
        outputs["trials"].save(trials_table(result.trials, result.front))
        outputs["plots"].path.mkdir()
        stored = read_study_file(outputs["storage"].path)
        for name, figure in study_figures(result, study, stored).items():
            self.log_figure(draw_png(figure), f"plots/{name}.png")
        self.log_metric(f"best_{short_name(study.objectives[0])}", result.best.means[0])
        self.log_params({f"best.{name}": value for name, value in best.items()})

    def study(self, space: Mapping[str, Dimension]) -> StudySpec:
        """Return the question of the study, from the parameters of the same names."""
        return study_of(self, space=space, is_conditional=type(self).suggest is not Tuner.suggest)
