"""The report of a run: one HTML page that needs no script, no network and no other file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from luigi.task import flatten

from runforest.evaluation.plots import Plot, explained
from runforest.evaluation.rounding import (
    format_cell,
    format_number,
    format_spread,
    is_numeric,
    n_decimals,
)
from runforest.foundation.layout import LINEAGE_PAGE
from runforest.model.metrics import direction, short_name
from runforest.table.roles import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from jinja2 import Environment

    from runforest.evaluation.importances import Importances
    from runforest.evaluation.scores import CrossValidation
    from runforest.results.artifacts import Artifact

N_SHOWN = 10
N_NAMES = 12

UNSEEN = {"holdout": "Held out", "test": "Test file"}
"""Rows that the final model is scored on -> the heading of their column."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """All that the page shows; nothing else gets onto it, so the same values give the same bytes.

    Attributes
    ----------
    facts
        (label, value) pairs beside the main score, which is that of the first scorer.
    importances
        The page shows the first ten.
    data
        Name, rows, columns and SHA-256 of each table.
    lineage
        What the result rests on: name and SHA-256 of a file, and the task that made it.
    best_params
        What the search for parameters found; None without a search, as all that follows is empty.
    n_trials
        State ("complete", "pruned", "failed") -> number of trials.
    trials
        The best first, one mapping of column -> value each; the page shows ten.
    columns
        Name, role and what is done with it, or why it is left out, of each column of the table.
    unseen
        What unseen rows are called -> scorer -> score of the final model on them.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    scores: CrossValidation
    plots: Sequence[Plot]
    importances: Importances
    data: Sequence[tuple[str, int, int, str]]
    params: Mapping[str, object]
    lineage: Sequence[tuple[str, str, str]]
    best_params: Mapping[str, object] | None = None
    n_trials: Mapping[str, int] = field(default_factory=dict)
    trials: Sequence[Mapping[str, object]] = ()
    trial_plots: Sequence[Plot] = ()
    columns: Sequence[tuple[str, str, str]] = ()
    unseen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def experiment_report(
    results: Any,  # noqa: ANN401 - artifacts of tables, trainer and tuner, as `requires()` has them
    *,
    estimator: str,
    target: str,
    scores: CrossValidation,
    importances: Importances,
    plots: Sequence[Plot],
    trials: Sequence[Mapping[str, object]],
    unseen: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Return the page of an experiment; `trials` are the best ones, as rows to show."""
    tables, tuner = results["tables"], results.get("tuner")
    columns = _columns(results["trainer"].get("features"))
    n_columns = importances.n_features
    n_left_out = sum(role == LEFT_OUT for _, role, _ in columns)
    facts = {"training rows": f"{scores.n_rows:,}", "features": f"{n_columns - n_left_out:,}"}
    report = Report(
        title=f"{estimator} on {target}",
        facts=[("estimator", estimator), *facts.items()],
        scores=scores,
        unseen=unseen or {},
        plots=plots,
        importances=importances,
        data=[
            (name, _count_rows(tables[name]), n_columns, sha256)
            for name in ("train", "test")
            if name in tables
            for sha256 in tables[name].digests.values()
        ],
        params=results["trainer"]["params"].load(),
        columns=columns,
        # Which run made each stands in the run's lineage page.
        lineage=[
            (name, sha256, f"task {artifact.folder.name}")
            for artifact in flatten(results)
            for name, sha256 in artifact.digests.items()
        ],
    )
    if tuner:
        files = sorted(tuner["plots"].path.glob("*.png"))
        report = replace(
            report,
            best_params=tuner["best_params"].load(),
            n_trials=Counter(tuner["trials"].load()["state"]),
            trials=trials,
            trial_plots=[explained(file.stem, file.read_bytes()) for file in files],
        )
    return render_report(report)


def _columns(features: Artifact | None) -> list[tuple[str, str, str]]:
    """Return the columns of a report; a trainer of one's own may say nothing about them."""
    if features is None:
        return []
    import pandas as pd

    # A column may be called "NA".
    table = pd.read_csv(features.path, dtype=str, keep_default_na=False)
    done = table["features"].str.removeprefix(f"{LEFT_OUT}: ")
    return [*zip(table["column"], table["role"], done, strict=True)]


def _count_rows(table: Artifact) -> int:
    """Return the rows of a table, which may be too large to read for that alone."""
    if table.path.suffix == ".parquet":
        from pyarrow.parquet import read_metadata

        return int(read_metadata(table.path).num_rows)
    return len(table.load())  # type: ignore[arg-type]


def render_report(report: Report) -> str:
    """Return the page as HTML; every text in it is escaped."""
    scores, template = report.scores, _environment().get_template("report.html.jinja")
    return template.render(
        report=report,
        headline=format_spread(scores.mean(scores.main_scorer), scores.std(scores.main_scorer)),
        note=_score_note([*scores.fold_scores]),
        main_score=_labelled(scores.main_scorer),
        score_rows=[_score_row(scores, report.unseen, name) for name in scores.fold_scores],
        unseen_headings=[UNSEEN[name] for name in report.unseen],
        importance_score=short_name(report.importances.scorer),
        importance_rows=_importance_rows(report.importances.table.head(N_SHOWN)),
        column_groups=_column_groups(report.columns),
        trials=report.trials[:N_SHOWN],
        lineage_page=f"../{LINEAGE_PAGE}",
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("runforest.evaluation", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = format_cell
    environment.tests["numeric"] = is_numeric
    return environment


def _labelled(scorer: str) -> str:
    note = ", lower is better" if _is_error(scorer) else ""
    return short_name(scorer) + note


def _score_note(scorers: Sequence[str]) -> str:
    note = "Each fold is scored by a model that was fitted on the other folds. Higher is better"
    note += " where nothing else is said" if any(map(_is_error, scorers)) else ""
    has_turned = any(name.startswith("neg_") for name in scorers)
    return note + ("; neg_ marks an error whose sign is turned." if has_turned else ".")


def _is_error(scorer: str) -> bool:
    return direction(scorer) == "minimize"


def _score_row(
    scores: CrossValidation, unseen: Mapping[str, Mapping[str, float]], scorer: str
) -> dict[str, object]:
    folds = scores.fold_scores[scorer]
    decimals = n_decimals(folds)
    return {
        "scorer": _labelled(scorer),
        "mean": format_number(scores.mean(scorer), decimals),
        "std": format_number(scores.std(scorer), decimals)
        if scores.n_folds > 1
        else format_cell(None),
        "unseen": [format_number(found[scorer], decimals) for found in unseen.values()],
        "folds": [format_number(score, decimals) for score in folds[:N_SHOWN]],
    }


def _importance_rows(shown: pd.DataFrame) -> list[dict[str, object]]:
    decimals = n_decimals(shown["importance"])
    largest = float(shown["importance"].max())
    columns = zip(shown["feature"], shown["importance"], shown["std"], strict=True)
    return [
        {
            "feature": name,
            "importance": format_number(drop, decimals),
            "std": format_number(std, decimals),
            "percent_of_largest": round(100 * max(drop, 0.0) / largest, 1) if largest > 0 else 0,
        }
        for name, drop, std in columns
    ]


def _column_groups(columns: Sequence[tuple[str, str, str]]) -> list[dict[str, object]]:
    """Return the columns that are treated alike as one row, however many they are."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, role, done in columns:
        groups.setdefault((role, done), []).append(name)
    return [
        {
            "role": role,
            "done": done,
            "n_columns": len(names),
            "names": names[:N_NAMES],
            "n_more": max(len(names) - N_NAMES, 0),
        }
        for (role, done), names in groups.items()
    ]
