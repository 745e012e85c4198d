"""Figures of a study, in the one look of all plots."""

from __future__ import annotations

import warnings
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from runforest.figure_style import DOTS_PER_INCH, MUTED, PALETTE, new_figure, shorten, style_axes
from runforest.model.metrics import TIMES, direction, short_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from runforest.tuning.study.spec import StudyResult, StudySpec
    from runforest.tuning.study.trial_record import TrialRecord, TrialState

STATES: tuple[TrialState, ...] = ("complete", "failed", "pruned")
COLOURS = dict(zip(STATES, PALETTE[:2] + PALETTE[4:5], strict=True))
ACCENT = PALETTE[2]
COLOUR_MAP = "viridis_r"  # The best is dark: the bright end is hard to see on white.
MAX_COLUMNS, MAX_LABEL = 3, 18


def study_figures(result: StudyResult, study: StudySpec, stored: optuna.Study) -> dict[str, Figure]:
    """Return the figures by the name of their file; with several objectives the Pareto front."""
    scorer = axis_name(study.objectives[0])
    is_lower_better = direction(study.objectives[0]) == "minimize"
    figures = {
        "history": history_figure(result.trials, scorer, is_lower_better=is_lower_better),
        "importances": importances_figure(result.importances),
        "slices": slices_figure(stored, scorer),
        "parallel_coordinates": parallel_figure(stored, scorer),
    }
    if len(study.objectives) > 1:
        figures["pareto_front"] = pareto_figure(result.trials, result.front, study.objectives)
    return figures


def axis_name(objective: str) -> str:
    """Return how an axis of a score or a time is called.

    >>> axis_name("rmse"), axis_name("accuracy"), axis_name("fit_time")
    ('rmse (lower is better)', 'accuracy', 'fit_time, s')
    """
    if objective in TIMES:
        return f"{objective}, s"
    note = " (lower is better)" if direction(objective) == "minimize" else ""
    return short_name(objective) + note


def history_figure(
    trials: Sequence[TrialRecord], scorer: str = "score", *, is_lower_better: bool = False
) -> Figure:
    """Return the values in the order of finishing, with the best so far.

    A pruned trial stands at the mean of the folds that it has, a failed one at the lower edge.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(7.5, 4.2)
    axes = figure.add_subplot()
    style_axes(axes, x_label="trial", y_label=scorer)
    complete = _complete(trials)
    _scatter(axes, "complete", [(t.number, t.value or 0.0) for t in complete])
    pruned = [t for t in trials if t.state == "pruned" and t.fold_scores]
    means = [(t.number, sum(t.fold_scores) / len(t.fold_scores)) for t in pruned]
    _scatter(axes, "pruned", means, marker="v")
    best = [*accumulate((t.value or 0.0 for t in complete), min if is_lower_better else max)]
    ends = [*(trial.number for trial in complete), trials[-1].number], [*best, best[-1]]
    axes.step(*ends, where="post", color=ACCENT, linewidth=2, label="best so far")
    failed = [(trial.number, 0.02) for trial in trials if trial.state == "failed"]
    # x in data, y in axes: a failed trial has no value.
    _scatter(axes, "failed", failed, marker="x", transform=axes.get_xaxis_transform())
    axes.set_title("Optimisation history")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize="small", loc="best")
    return figure


def importances_figure(importances: Mapping[str, float]) -> Figure:
    """Return a bar per parameter, the most important one on top."""
    figure = new_figure(7, 1.4 + 0.42 * max(len(importances), 1))
    axes = figure.add_subplot()
    style_axes(axes, x_label="share of the variance", y_label="")
    names = sorted(importances, key=lambda name: importances[name])
    labels, shares = [shorten(name, MAX_LABEL) for name in names], [importances[n] for n in names]
    bars = axes.barh(labels, shares, color=COLOURS["complete"])
    axes.bar_label(bars, fmt="%.2f", padding=4, fontsize="small")
    axes.set(xlim=(0, 1.1), title="Parameter importance")
    axes.grid(visible=False, axis="y")
    if not importances:
        text = "too few complete trials"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)
        axes.set(xticks=[], yticks=[])
    return figure


def slices_figure(study: optuna.Study, scorer: str = "score") -> Figure:
    """Return the value against each parameter, complete trials alone; later ones are darker."""
    figure = _drawn_by_optuna("plot_slice", study, scorer)
    all_axes = figure.axes[:-1] or figure.axes  # The last one is the colour bar, if there are any.
    n_columns = min(MAX_COLUMNS, len(all_axes))
    grid = figure.add_gridspec(-(-len(all_axes) // n_columns), n_columns)
    figure.set_size_inches(max(3.2 * n_columns + 1.6, 5.5), 3 * grid.nrows + 0.4)
    for i, axes in enumerate(all_axes):
        axes.set(subplotspec=grid[i], facecolor="white", title="")
        label = "" if i % n_columns else scorer
        style_axes(axes, x_label=shorten(axes.get_xlabel(), MAX_LABEL), y_label=label)
        axes.tick_params("y", labelleft=True)
        _shorten_words(axes.xaxis)
    figure.suptitle("Slices", fontsize="large")
    return figure


def parallel_figure(study: optuna.Study, scorer: str = "score") -> Figure:
    """Return a line per complete trial from its value across its parameters, coloured by value."""
    figure = _drawn_by_optuna("plot_parallel_coordinate", study, scorer)
    figure.set_size_inches(1.6 * len(figure.axes) + 2, 4.4)
    for axes in figure.axes:
        _shorten_words(axes.xaxis)
        _shorten_words(axes.yaxis)
        for lines in axes.collections:
            lines.set(cmap=COLOUR_MAP, alpha=0.75)
    figure.axes[0].set_title("Parallel coordinates", y=1.03)
    figure.axes[0].tick_params("x", rotation=0)
    return figure


def pareto_figure(
    trials: Sequence[TrialRecord], front: Sequence[int], objectives: Sequence[str]
) -> Figure:
    """Return the first objective against each further one, the Pareto front marked."""
    first, *further = objectives
    n_columns = min(len(further), 2)
    n_rows = -(-len(further) // n_columns)
    figure = new_figure(5.5 * n_columns, 4.2 * n_rows)
    beaten = [t.means for t in _complete(trials) if t.number not in set(front)]
    best = [t.means for t in _complete(trials) if t.number in set(front)]
    groups = (
        (beaten, "beaten by another trial", COLOURS["complete"]),
        (best, "Pareto front", ACCENT),
    )
    for position, name in enumerate(further, start=1):
        axes = figure.add_subplot(n_rows, n_columns, position)
        for shown, label, colour in groups:
            x, y = [means[position] for means in shown], [means[0] for means in shown]
            axes.scatter(x, y, 30, colour, alpha=0.8, label=label if shown else None)
        style_axes(axes, x_label=axis_name(name), y_label=axis_name(first))
        axes.legend(frameon=False, fontsize="small", loc="best")
    figure.suptitle("Pareto front", fontsize="large")
    return figure


def _complete(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    return [trial for trial in trials if trial.value is not None]


def _scatter(
    axes: Axes,
    state: TrialState,
    points: Sequence[tuple[float, float]],
    **style: Any,  # noqa: ANN401
) -> None:
    if points:
        x, y = zip(*points, strict=True)
        axes.scatter(x, y, 26, COLOURS[state], alpha=0.75, label=state, **style)


def _drawn_by_optuna(plot: str, study: optuna.Study, scorer: str) -> Figure:
    """Return a figure that Optuna draws by pyplot, whose windows and style stay as they are."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt
    from optuna.visualization import matplotlib as plots

    target = None if len(study.directions) == 1 else lambda trial: trial.values[0]
    backend = mpl.get_backend(auto_select=False)
    plt.switch_backend("agg")
    with mpl.rc_context({"figure.dpi": DOTS_PER_INCH, "figure.constrained_layout.use": True}):
        with warnings.catch_warnings():  # Of a new interface, and of a parameter with one value.
            warnings.simplefilter("ignore")
            getattr(plots, plot)(study, target=target, target_name=scorer)
        figure = plt.gcf()
        plt.close(figure)
    if backend:
        plt.switch_backend(backend)
    return figure


def _shorten_words(axis: Axis) -> None:
    """Shorten the labels of an axis of choices, or of names."""
    from matplotlib.category import StrCategoryLocator
    from matplotlib.ticker import FixedLocator

    if isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator):
        labels = [shorten(label.get_text(), MAX_LABEL) for label in axis.get_ticklabels()]
        axis.set_ticks(axis.get_ticklocs(), labels)
