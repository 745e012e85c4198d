"""The report of an experiment, made from the results that the evaluator reads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from luigi.task import flatten

from runforest.evaluation.plots import explained
from runforest.evaluation.report import DataRow, LineageRow, Report, TuningSection, render_report
from runforest.layout import LINEAGE_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from runforest.evaluation.report import Plot
    from runforest.evaluation.scores import CrossValidation

Results = Any
"""Artifacts of the tables, the trainer and the tuner by their names, as `requires()` has them."""


def experiment_report(
    results: Results,
    *,
    estimator: str,
    target: str,
    n_features: int,
    scores: CrossValidation,
    importances: pd.DataFrame,
    plots: Mapping[str, Plot],
    trials: Sequence[Mapping[str, object]],
) -> str:
    """Return the page; `trials` are the best ones, as rows to show."""
    report = Report(
        title=f"{estimator} on {target}",
        facts=[
            ("estimator", estimator),
            ("training rows", f"{len(scores.target):,}"),
            ("features", str(n_features)),
        ],
        scores=scores,
        figures=tuple(plots.values()),
        importances=importances,
        tuning=_tuning_section(results["tuner"], trials) if "tuner" in results else None,
        data=tuple(
            DataRow(
                name=name,
                n_rows=len(results["tables"][name].load()),
                n_columns=n_features,
                sha256=sha256,
            )
            for name in ("train", "test")
            for sha256 in results["tables"][name].digests.values()
        ),
        params=results["trainer"]["params"].load(),
        # Which run made each stands in the run's lineage page.
        lineage=tuple(
            LineageRow(label=label, detail=sha256, link=f"task {artifact.folder.name}")
            for artifact in flatten(results)
            for label, sha256 in artifact.digests.items()
        ),
        lineage_page=f"../{LINEAGE_PAGE}",
    )
    return render_report(report)


def _tuning_section(tuner: Results, trials: Sequence[Mapping[str, object]]) -> TuningSection:
    """Return what the tuner found: its best parameters, counts of trials and plots."""
    return TuningSection(
        best_params=tuner["best_params"].load(),
        counts=Counter(tuner["trials"].load()["state"]),
        top_trials=trials,
        figures=tuple(
            explained(file.stem, file.read_bytes())
            for file in sorted(tuner["plots"].path.glob("*.png"))
        ),
    )
