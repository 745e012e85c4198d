"""All figures of a study, by the name of their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.tuning.reporting.plots import (
    ACCENT,
    COLOURS,
    history_figure,
    importances_figure,
    new_axes,
    parallel_figure,
    slices_figure,
)
from runforest.tuning.space.table import log_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from runforest.tuning.study.spec import StudyResult, StudySpec
    from runforest.tuning.study.trial_record import TrialRecord


def study_figures(result: StudyResult, study: StudySpec) -> dict[str, Figure]:
    """Return the figures; the Pareto front among them where there are several objectives."""
    logarithmic, scorer = log_names(study.space), study.objectives[0]
    figures = {
        "history": history_figure(result.trials, scorer),
        "importances": importances_figure(result.importances),
        "slices": slices_figure(result.trials, logarithmic, scorer),
        "parallel_coordinates": parallel_figure(result.trials, logarithmic, scorer),
    }
    if len(study.objectives) > 1:
        figures["pareto_front"] = pareto_figure(result.trials, result.front, study.objectives)
    return figures


def pareto_figure(
    trials: Sequence[TrialRecord], front: Sequence[int], objectives: Sequence[str]
) -> Figure:
    """Return the first objective against each further one, the Pareto front marked."""
    first, *further = objectives
    n_columns = min(len(further), 2)
    size = (5.5 * n_columns, 4.2 * -(-len(further) // 2))
    figure, all_axes = new_axes(len(further), size=size, n_columns=n_columns)
    complete = [trial for trial in trials if trial.value is not None]
    for position, (axes, name) in enumerate(zip(all_axes, further, strict=True), start=1):
        _draw_points(axes, complete, frozenset(front), position)
        unit = ", s" if name.endswith("_time") else ""
        axes.set(xlabel=f"{name}{unit}", ylabel=first)
        axes.legend(frameon=False, fontsize="small", loc="best")
    figure.suptitle("Pareto front", fontsize="large")
    return figure


def _draw_points(
    axes: Axes, complete: Sequence[TrialRecord], front: frozenset[int], position: int
) -> None:
    for label, is_front, colour, size in (
        ("beaten by another trial", False, COLOURS["complete"], 22),
        ("Pareto front", True, ACCENT, 44),
    ):
        shown = [trial.means for trial in complete if (trial.number in front) is is_front]
        if shown:
            x, y = [means[position] for means in shown], [means[0] for means in shown]
            axes.scatter(x, y, size, colour, alpha=0.8, label=label)
