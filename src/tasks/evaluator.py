"""Evaluator: how good the model is, in scores, plots and a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import luigi

from runforest import KindParameter, RunTask, load_model
from runforest.checks.scores import scorer_problem
from runforest.checks.splits import split_problems
from runforest.foundation.parameters import (
    CountParameter,
    IdParameter,
    ScoresParameter,
    SplitsParameter,
    TargetParameter,
)
from runforest.model.folds import feature_columns
from runforest.model.metrics import short_name
from runforest.model.splits import fold_positions, set_aside, split_spec
from runforest.model.targets import unwrap
from runforest.tuning.study.tables import best_trials
from tasks.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runforest import Artifact, Problem
    from runforest.model.splits import SplitSpec


class Evaluator(RunTask):
    """Cross-validate the trained pipeline and report what came out."""

    n_folds = CountParameter(default=5, low=2, description="Folds of the cross-validation.")
    scoring = ScoresParameter(
        default=(),
        description="Names of scores as in [Tuner] scoring, the main one first; a usual set when "
        "empty.",
    )
    # Not the tuner's seed: the best of many trials looks better on its own folds than it is.
    seed = luigi.IntParameter(default=1, description="Seed of the folds and of the importances.")
    target = TargetParameter()
    id = IdParameter()
    kind = KindParameter()
    splits = SplitsParameter()

    def requires(self) -> dict[str, RunTask]:
        """Return the task of the tables, the trainer, and its tuner if it has one."""
        trainer = self.need(Trainer)
        return {**trainer.requires(), "trainer": trainer}

    def problems(self) -> Iterator[Problem]:
        """Return scorers that do not suit, and too many folds."""
        facts, kind = self.active_run.settings.dataset, self.kind
        n_classes = facts.n_target_values if kind == "classification" else None
        for name in self.scoring:
            if message := scorer_problem(str(name), kind, n_classes):
                yield self.problem("scoring", message)
        yield from split_problems("Evaluator", self.split_spec(), facts)

    def split_spec(self) -> SplitSpec:
        """Return how the rows are split."""
        return split_spec(self.splits, kind=self.kind, n_folds=self.n_folds, seed=self.seed)

    def output(self) -> dict[str, Artifact]:
        """Return the report for people, and its numbers and plots for programs."""
        return {
            "report": self.artifact("report.html"),
            "scores": self.artifact("scores.json"),
            "importances": self.artifact("importances.csv"),
            "plots": self.artifact("plots"),
        }

    def compute(self) -> None:
        """Cross-validate, plot and write the report; log the scores."""
        from runforest.evaluation.plots import evaluation_plots
        from runforest.evaluation.report import experiment_report
        from runforest.evaluation.score_plots import importance_plot
        from runforest.evaluation.scores import evaluate_model
        from runforest.evaluation.unseen import unseen_scores
        from runforest.figure_fonts import draw_png

        inputs, outputs = self.input(), self.output()
        splits = self.split_spec()
        tables, no_features = inputs["tables"], (self.id, *splits.hidden)
        train, held = set_aside(tables["train"].load(), self.target, splits)
        model = load_model(inputs["trainer"]["model"].path)
        scores, importances = evaluate_model(
            model,
            feature_columns(train, *no_features),
            feature_columns(held, *no_features),
            target=self.target,
            kind=self.kind,
            folds=fold_positions(train, self.target, splits),
            scorers=self.scoring,
            seed=self.seed,
        )
        others = {"holdout": held, **({"test": tables["test"].load()} if "test" in tables else {})}
        unseen = unseen_scores(
            model,
            {name: feature_columns(one, *no_features) for name, one in others.items()},
            target=self.target,
            scorers=tuple(scores.fold_scores),
            classes=scores.classes,
        )
        plots = evaluation_plots(scores)
        tuner = inputs.get("tuner")
        objectives = tuner["study"].load()["objectives"] if tuner else {}
        page = experiment_report(
            inputs,
            estimator=type(unwrap(model[-1])).__name__,
            target=self.target,
            scores=scores,
            importances=importances,
            plots=[*plots.values()],
            trials=best_trials(tuner["trials"].load(), objectives) if tuner else [],
            unseen=unseen,
        )
        outputs["report"].save(page)
        once = {
            f"{rows}.{short_name(name)}": score
            for rows, scored in unseen.items()
            for name, score in scored.items()
        }
        fold_scores = {short_name(name): list(each) for name, each in scores.fold_scores.items()}
        outputs["scores"].save(fold_scores | {name: [score] for name, score in once.items()})
        outputs["importances"].save(importances.table)
        outputs["plots"].path.mkdir()
        for name, plot in plots.items():
            self.log_figure(plot.png, f"plots/{name}.png")
        self.log_figure(draw_png(importance_plot(importances.table)), "plots/importances.png")
        for name in scores.fold_scores:
            shown = short_name(name)
            self.log_metric(shown, scores.mean(name))
            if scores.n_folds > 1:
                self.log_metric(f"{shown}_std", scores.std(name))
        self.log_metrics(once)
