"""Sections of the report, made from the results that the evaluator reads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from runforest.evaluation.plots import explained
from runforest.evaluation.report import DataRow, LineageRow, TuningSection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runforest.results.artifacts import Artifact


def data_rows(tables: Mapping[str, Artifact], n_features: int) -> tuple[DataRow, ...]:
    """Return a row per table: its rows, and the columns that the model sees."""
    return tuple(
        DataRow(
            name=name,
            n_rows=len(tables[name].load()),  # type: ignore[arg-type] # a table
            n_columns=n_features,
            sha256=tables[name].sha256,
        )
        for name in ("train", "test")
    )


def lineage_rows(artifacts: Iterable[Artifact]) -> tuple[LineageRow, ...]:
    """Return what the report rests on; which run made each is in the run's lineage page."""
    return tuple(
        LineageRow(label=label, detail=sha256, link=f"task {artifact.folder.name}")
        for artifact in artifacts
        for label, sha256 in artifact.digests.items()
    )


def tuning_section(
    tuner: Mapping[str, Artifact], best_trials: Sequence[Mapping[str, object]]
) -> TuningSection:
    """Return what the tuner found: its best parameters, counts of trials and plots."""
    return TuningSection(
        best_params=tuner["best_params"].load(),  # type: ignore[arg-type] # a JSON object
        counts=Counter(tuner["trials"].load()["state"]),  # type: ignore[index] # a table
        top_trials=best_trials,
        figures=tuple(
            explained(file.stem, file.read_bytes())
            for file in sorted(tuner["plots"].path.glob("*.png"))
        ),
    )
