"""Evaluator: how good the model is, in scores, plots and a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import luigi
from luigi.task import flatten

from runforest.layout import LINEAGE_PAGE
from runforest.model.folds import fold_count_problem
from runforest.model.scoring import scorer_problems
from runforest.parameters import KindParameter, StringsParameter, from_table
from runforest.run_task import RunTask
from runforest.tracking.models.mlflow_model import load_model
from runforest.tuning.study.tables import best_trials
from tasks.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from runforest.errors import Problem
    from runforest.evaluation.report import LineageRow, Plot, TuningSection
    from runforest.evaluation.scores import CrossValidation
    from runforest.results.artifacts import Artifact


class Evaluator(RunTask):
    """Cross-validate the trained pipeline and tell a person what came out."""

    n_folds = luigi.NumericalParameter(
        default=5,
        var_type=int,
        min_value=2,
        max_value=1000,
        description="Folds of the cross-validation.",
    )
    scoring = StringsParameter(
        default=(),
        description="Names of scikit-learn scorers, the main one first; a usual set when empty.",
    )
    # Not the tuner's seed: the best of many trials looks better on its own folds than it is.
    seed = luigi.IntParameter(default=1, description="Seed of the folds and of the importances.")
    target = from_table("Dataset", "target", luigi.Parameter(description="Column to predict."))
    id = from_table(
        "Dataset", "id", luigi.Parameter(default="", description="Column that names a row.")
    )
    kind = from_table("Dataset", "kind", KindParameter(description="classification or regression."))

    def requires(self) -> dict[str, RunTask]:
        """Return the task of the tables, the trainer, and its tuner if it has one."""
        trainer = self.need(Trainer)
        return {**trainer.requires(), "trainer": trainer}

    def problems(self) -> Iterator[Problem]:
        """Return scorers that do not suit, and too many folds."""
        facts = self.active_run.settings.dataset
        n_classes = facts.n_target_values if self.kind == "classification" else None
        for name in self.scoring:
            for message in scorer_problems(str(name), self.kind, n_classes=n_classes).values():
                yield self.problem("scoring", message)
        found = fold_count_problem(self.n_folds, facts.n_rows, facts.smallest_class, self.kind)
        for key, message in found.items():
            yield self.problem(key, message)

    def output(self) -> dict[str, Artifact]:
        """Return the report for people, and its numbers and plots for programs."""
        return {
            "report": self.artifact("report.html"),
            "scores": self.artifact("scores.json"),
            "importances": self.artifact("importances.csv"),
            "plots": self.artifact("plots"),
        }

    def compute(self) -> None:
        """Cross-validate, plot and write the report."""
        from runforest.evaluation.importance import permutation_importances
        from runforest.evaluation.plots import evaluation_plots
        from runforest.evaluation.score_plots import importance_plot
        from runforest.evaluation.scores import cross_validate_pipeline, default_scorers

        train = self.input()["tables"]["train"].load()
        features, target = (
            train.drop(columns=[name for name in (self.target, self.id) if name]),
            train[self.target],
        )
        pipeline = load_model(self.input()["trainer"]["model"].path)
        scorers = self.scoring or default_scorers(self.kind, target.nunique(), pipeline=pipeline)
        scores = cross_validate_pipeline(
            pipeline,
            features,
            target,
            kind=self.kind,
            n_folds=self.n_folds,
            seed=self.seed,
            scorers=scorers,
        )
        importances = permutation_importances(
            pipeline, features, target, scorer=scores.main_scorer, seed=self.seed
        )
        plots = evaluation_plots(scores)
        self._save_numbers(scores, importances, plots)
        self.log_figure(importance_plot(importances), "plots/importances.png")
        self.output()["report"].save(self._report(pipeline, features, scores, importances, plots))

    def _save_numbers(
        self, scores: CrossValidation, importances: pd.DataFrame, plots: Mapping[str, Plot]
    ) -> None:
        outputs = self.output()
        outputs["scores"].save({name: list(folds) for name, folds in scores.fold_scores.items()})
        outputs["importances"].save(importances)
        outputs["plots"].path.mkdir()
        for name, plot in plots.items():
            self.log_figure(plot.png, f"plots/{name}.png")
        for name in scores.fold_scores:
            self.log_metrics({name: scores.mean(name), f"{name}_std": scores.std(name)})

    def _report(
        self,
        pipeline: Pipeline,
        features: pd.DataFrame,
        scores: CrossValidation,
        importances: pd.DataFrame,
        plots: Mapping[str, Plot],
    ) -> str:
        from runforest.evaluation.report import DataRow, Report, render_report

        test = self.input()["tables"]["test"]
        estimator = type(pipeline[-1]).__name__
        digests = {name: self.input()["tables"][name].sha256 for name in ("train", "test")}
        sizes = {
            "train": (len(features), features.shape[1]),
            "test": (len(test.load()), features.shape[1]),
        }
        return render_report(
            Report(
                title=f"{estimator} on {self.target}",
                facts=[
                    ("estimator", estimator),
                    ("training rows", f"{len(features):,}"),
                    ("features", str(features.shape[1])),
                ],
                scores=scores,
                figures=tuple(plots.values()),
                importances=importances,
                tuning=self._tuning(),
                data=tuple(
                    DataRow(
                        name=name,
                        n_rows=sizes[name][0],
                        n_columns=sizes[name][1],
                        sha256=digests[name],
                    )
                    for name in sizes
                ),
                params=self.input()["trainer"]["params"].load(),
                lineage=tuple(self._lineage()),
                lineage_page=f"../{LINEAGE_PAGE}",
            )
        )

    def _lineage(self) -> Iterator[LineageRow]:
        """Yield what the report rests on; which run made each is in the run's lineage.html."""
        from runforest.evaluation.report import LineageRow

        for artifact in flatten(self.input()):
            for label, sha256 in artifact.digests.items():
                yield LineageRow(label=label, detail=sha256, link=f"task {artifact.folder.name}")

    def _tuning(self) -> TuningSection | None:
        from runforest.evaluation.report import Plot, TuningSection

        if "tuner" not in self.input():
            return None
        tuner = self.input()["tuner"]
        trials = tuner["trials"].load()
        files = sorted(tuner["plots"].path.glob("*.png"))
        return TuningSection(
            best_params=tuner["best_params"].load(),
            counts=Counter(trials["state"]),
            top_trials=best_trials(trials),
            figures=tuple(
                Plot(
                    title=file.stem.replace("_", " ").capitalize(),
                    caption=CAPTIONS.get(file.stem, ""),
                    png=file.read_bytes(),
                )
                for file in files
            ),
        )


CAPTIONS = {
    "history": "A point per trial, and a line at the best so far.",
    "importances": "How much of the differences between trials each parameter explains.",
    "slices": "Each parameter against the score; look for where the best points gather.",
    "pareto_front": "A trial of the front can be improved in one objective only at the cost of "
    "another.",
    "parallel_coordinates": "A line per trial across all parameters; the darker, the better.",
}
