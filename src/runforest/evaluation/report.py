"""The report of a run: one HTML page that needs no script, no network and no other file."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runforest.evaluation.rounding import MINUS, format_number, format_spread, n_decimals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from jinja2 import Environment

    from runforest.evaluation.scores import CrossValidation

N_SHOWN = 10
WIDE = 2.0


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture with its heading and one sentence that says how to read it."""

    title: str
    caption: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the PNG's header states them."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height

    @property
    def is_wide(self) -> bool:
        """Whether the picture deserves the whole width of the page."""
        width, height = self.size
        return width >= WIDE * height

    @property
    def data_uri(self) -> str:
        """The picture as an address that holds it."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class TuningSection:
    """What the search for parameters found.

    Attributes
    ----------
    counts
        State ("complete", "pruned", "failed") -> number of trials.
    top_trials
        The best first, one mapping of column -> value each; the page shows ten.
    """

    best_params: Mapping[str, object]
    counts: Mapping[str, int]
    top_trials: Sequence[Mapping[str, object]] = ()
    figures: tuple[Plot, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DataRow:
    """A table that the run has read."""

    name: str
    n_rows: int
    n_columns: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class LineageRow:
    """One thing that the result rests on: what, its digest or version, where it came from.

    `link` becomes a link if it is an address of http or https, else it is plain text.
    """

    label: str
    detail: str
    link: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """All that the page shows; nothing else gets onto it, so the same values give the same bytes.

    Attributes
    ----------
    facts
        (label, value) pairs beside the main score: estimator, size of the table, duration, ...
    scores
        Its first scorer makes the headline.
    figures
        In the order of the page.
    importances : (n, 3) frame, or None if they were not computed
        `feature`, `importance`, `std`, the most important first; the page shows the first ten.
    tuning
        None if parameters were not searched for.
    lineage_page
        Address of the page with the lineage of the whole run, relative to this page; the section
        `lineage` links to it.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    scores: CrossValidation
    figures: tuple[Plot, ...] = ()
    importances: pd.DataFrame | None = None
    tuning: TuningSection | None = None
    data: tuple[DataRow, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict)
    lineage: tuple[LineageRow, ...] = ()
    lineage_page: str = ""


def render_report(report: Report) -> str:
    """Return the page as HTML; every text in it is escaped."""
    scores, template = report.scores, _environment().get_template("report.html.jinja")
    return template.render(
        report=report,
        headline=format_spread(scores.mean(scores.main_scorer), scores.std(scores.main_scorer)),
        has_errors=any(name.startswith("neg_") for name in scores.fold_scores),
        score_rows=[_score_row(scores, name) for name in scores.fold_scores],
        importance_rows=_importance_rows(report.importances),
        trials=[] if report.tuning is None else list(report.tuning.top_trials)[:N_SHOWN],
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
    environment.tests["followable"] = is_followable
    environment.tests["numeric"] = is_numeric
    return environment


def _score_row(scores: CrossValidation, scorer: str) -> dict[str, object]:
    folds = scores.fold_scores[scorer]
    decimals = n_decimals(folds)
    return {
        "scorer": scorer,
        "mean": format_number(scores.mean(scorer), decimals),
        "std": format_number(scores.std(scorer), decimals),
        "folds": [format_number(score, decimals) for score in folds],
    }


def _importance_rows(importances: pd.DataFrame | None) -> list[dict[str, object]]:
    if importances is None or importances.empty:
        return []
    shown = importances.head(N_SHOWN)
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


def format_cell(value: object) -> str:
    """Return a value of a table as a reader wants it: floats with four digits, None as a dash."""
    if value is None:
        return "\N{EN DASH}"
    if is_numeric(value) and not isinstance(value, int):
        return f"{value:#.4g}".rstrip(".").replace("-", MINUS)
    return str(value)


def is_numeric(value: object) -> bool:
    """Return whether a value is a number, which stands at the right of its column."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_followable(link: str) -> bool:
    """Return whether a link leads somewhere without running anything (`javascript:` would)."""
    return urlsplit(link).scheme in {"http", "https"}
