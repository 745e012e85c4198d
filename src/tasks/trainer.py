"""Trainer: the configured estimator, fitted on the training table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import luigi

from runforest import (
    EstimatorSpec,
    ImportPathParameter,
    KindParameter,
    RunTask,
    TableParameter,
    TaskNameParameter,
    build_pipeline,
    feature_roles,
    save_model,
)
from runforest.checks.boosting import early_stopping_problems
from runforest.checks.features import feature_problems
from runforest.checks.models import (
    EARLY_STOPPING,
    TARGET_TRANSFORM,
    estimator_problems,
    transform_problems,
)
from runforest.foundation.estimator_names import SHORT_NAMES, import_paths
from runforest.foundation.parameters import (
    ColumnsParameter,
    CountParameter,
    FeaturesParameter,
    IdParameter,
    SplitsParameter,
    TablesParameter,
    TargetParameter,
)
from runforest.model.boosting.rounds import best_rounds
from runforest.model.features.describe import describe_features, features_line
from runforest.model.folds import feature_columns
from runforest.model.splits import set_aside, split_spec
from runforest.tracking.models.model_code import model_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runforest import Artifact, Problem
    from runforest.table.roles import Roles
    from runforest.table.schema import Schema


SHARED = ("estimator", "params", "target_transform", "early_stopping_rounds", "tables", "features")
"""Keys that a tuner shares."""


@runtime_checkable
class PlannedTables(Protocol):
    """A task of tables that knows the roles of their columns before it runs."""

    def planned_roles(self, schema: Schema) -> Roles:
        """Return the roles of the columns."""


logger = logging.getLogger(__name__)


class Trainer(RunTask):
    """Fit the estimator, with the tuner's best parameters if it is tuned."""

    estimator = ImportPathParameter(
        default="",
        description=f"Name of an estimator: {', '.join(sorted(SHORT_NAMES))}; or an import path. "
        "When empty, ridge.",
    )
    params = TableParameter(
        default={},
        description="Parameters of the estimator. One that is an estimator itself is a name or an "
        "import path too, or a table of `class` and its parameters.",
    )
    target_transform = luigi.Parameter(default="", description=TARGET_TRANSFORM)
    early_stopping_rounds = CountParameter(default=0, low=0, description=EARLY_STOPPING)
    tables = TablesParameter()
    tuner = TaskNameParameter(
        default="Tuner",
        outputs=("best_params", "study", "trials", "plots"),
        takes=SHARED,
        description="Task that finds the parameters: Tuner, or a task derived from it.",
    )
    tune = luigi.BoolParameter(
        default=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="Whether to take the best parameters of `tuner`, over those of `params`.",
    )
    seed = luigi.IntParameter(default=0, description="random_state of the estimator.")
    target = TargetParameter()
    id = IdParameter()
    kind = KindParameter()
    splits = SplitsParameter()
    columns = ColumnsParameter()
    features = FeaturesParameter()

    def requires(self) -> dict[str, RunTask]:
        """Return the task of the tables, and the tuner if this trainer is tuned."""
        shared = {key: getattr(self, key) for key in SHARED}
        tuner = {"tuner": self.need(self.tuner, **shared)} if self.tune else {}
        return {"tables": self.need(self.tables), **tuner}

    def problems(self) -> Iterator[Problem]:
        """Return what is wrong with the estimator and its parameters."""
        spec, lowest = self.spec(dict(self.params)), self.active_run.settings.dataset.target_low
        found = estimator_problems(spec) | transform_problems(spec, lowest)
        if "estimator" not in found:
            found |= early_stopping_problems(spec, is_tuned=self.tune)
        for key, message in found.items():
            yield self.problem(key, message)
        if not found:
            yield from feature_problems(spec)

    def spec(self, params: dict[str, object]) -> EstimatorSpec:
        """Return the estimator with given parameters."""
        return EstimatorSpec(
            path=self.estimator,
            params=params,
            seed=self.seed,
            kind=self.kind,
            target_transform=self.target_transform,
            early_stopping_rounds=self.early_stopping_rounds,
            features=self.features,
        )

    def plan_note(self, schema: Schema) -> str:
        """Return a line for the plan: what will be done with the columns of the files."""
        tables = self.requires()["tables"]
        if not isinstance(tables, PlannedTables):
            return ""
        roles = tables.planned_roles(schema)
        hidden = (self.target, self.id, *self.splits.get("hidden", ()))
        features = {name: one for name, one in roles.items() if name not in hidden}
        return features_line(features, self.spec(dict(self.params)))

    def output(self) -> dict[str, Artifact]:
        """Return the fitted pipeline as an MLflow model, and what it was built with."""
        return {
            "model": self.artifact("model"),
            "params": self.artifact("params.json"),
            "features": self.artifact("features.csv"),
            "description": self.artifact("model/MLmodel", is_volatile=True),
        }

    def compute(self) -> None:
        """Fit the pipeline on all training rows but the held-out ones, and save it."""
        import pandas as pd

        tables = self.input()["tables"]
        params = dict(self.params)
        splits = split_spec(self.splits, kind=self.kind, seed=self.seed)
        train, held = set_aside(tables["train"].load(), self.target, splits)
        features = feature_columns(train, self.target, self.id, *splits.hidden)
        roles = feature_roles(features, self.columns)
        if self.tune:
            params |= self.input()["tuner"]["best_params"].load()
        elif self.early_stopping_rounds:
            best = best_rounds(self.spec(params), train, self.target, splits, roles)
            logger.info("%d rounds are best for the folds.", *best.values())
            params |= best
        logger.info("%s.", features_line(roles, self.spec(params)))
        pipeline = build_pipeline(self.spec(params), roles).fit(features, train[self.target])
        self.output()["params"].save(params)
        self.output()["features"].save(pd.DataFrame(describe_features(roles, self.spec(params))))
        others = [held, tables["test"].load()] if "test" in tables else [held]
        example = pd.concat([features, *(table[features.columns] for table in others)])
        named = import_paths((self.estimator, params, self.features))
        with model_code(named, self.active_run.project) as code_paths:
            save_model(pipeline, self.output()["model"].path, example, code_paths)
