"""Figures of a study, from plain records, in the one look of all plots."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from runforest import figure_style
from runforest.figure_style import GRID, MUTED, PALETTE, shorten, style_axes
from runforest.tuning.space.table import log_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from runforest.tuning.study.spec import StudyResult, StudySpec
    from runforest.tuning.study.trial_record import TrialRecord, TrialState

STATES: tuple[TrialState, ...] = ("complete", "failed", "pruned")
COLOURS = dict(zip(STATES, PALETTE[:2] + PALETTE[4:5], strict=True))
ACCENT = PALETTE[2]
COLOUR_MAP = "viridis_r"  # The best is dark: the bright end is hard to see on white.
JITTER, MAX_COLUMNS, MAX_LABEL = 0.12, 3, 18


def study_figures(result: StudyResult, study: StudySpec) -> dict[str, Figure]:
    """Return the figures by the name of their file; with several objectives the Pareto front."""
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


def history_figure(trials: Sequence[TrialRecord], scorer: str = "score") -> Figure:
    """Return the values in the order of finishing, with the best so far.

    A pruned trial stands at the mean of the folds that it has, a failed one at the lower edge.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (axes,) = _new_figure(1, (7.5, 4.2))
    complete = _complete(trials)
    _scatter(axes, "complete", [(t.number, t.value or 0.0) for t in complete])
    pruned = [t for t in trials if t.state == "pruned" and t.fold_scores]
    means = [(t.number, sum(t.fold_scores) / len(t.fold_scores)) for t in pruned]
    _scatter(axes, "pruned", means, marker="v")
    if complete:
        best = [*accumulate((trial.value or 0.0 for trial in complete), max)]
        ends = [*(trial.number for trial in complete), trials[-1].number], [*best, best[-1]]
        axes.step(*ends, where="post", color=ACCENT, linewidth=2, label="best so far")
    failed = [(trial.number, 0.02) for trial in trials if trial.state == "failed"]
    # x in data, y in axes: a failed trial has no value.
    _scatter(axes, "failed", failed, marker="x", transform=axes.get_xaxis_transform())
    style_axes(axes, x_label="trial", y_label=scorer)
    axes.set_title("Optimisation history")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if trials:
        axes.legend(frameon=False, fontsize="small", loc="best")
    else:
        _write(axes, "no trial")
    return figure


def importances_figure(importances: Mapping[str, float]) -> Figure:
    """Return a bar per parameter, the most important one on top."""
    figure, (axes,) = _new_figure(1, (7, 1.4 + 0.42 * max(len(importances), 1)))
    names = sorted(importances, key=lambda name: importances[name])
    labels, shares = [shorten(name, MAX_LABEL) for name in names], [importances[n] for n in names]
    bars = axes.barh(labels, shares, color=COLOURS["complete"])
    axes.bar_label(bars, fmt="%.2f", padding=4, fontsize="small")
    style_axes(axes, x_label="share of the variance", y_label="")
    axes.set(xlim=(0, 1.1), title="Parameter importance")
    axes.grid(visible=False, axis="y")
    if not importances:
        _write(axes, "too few complete trials")
    return figure


def slices_figure(
    trials: Sequence[TrialRecord], log_params: Collection[str] = (), scorer: str = "score"
) -> Figure:
    """Return the value against each parameter, complete trials alone; later ones are darker."""
    names = _param_names(complete := _complete(trials))
    n_axes = max(len(names), 1)
    n_columns = min(MAX_COLUMNS, n_axes)
    size = (max(3.2 * n_columns + 0.8, 4.5), 3 * math.ceil(n_axes / n_columns) + 0.4)
    figure, all_axes = _new_figure(n_axes, size, n_columns)
    for i, (axes, name) in enumerate(zip(all_axes, names, strict=False)):
        shown = [trial for trial in complete if name in trial.params]
        positions, ticks = _positions([trial.params[name] for trial in shown])
        if ticks:  # Side by side instead of on top of each other; the same in each drawing.
            positions = [x + JITTER * (n % 3 - 1) for n, x in enumerate(positions)]
        axes.scatter(
            positions,
            [trial.value or 0.0 for trial in shown],
            c=[trial.number for trial in shown],
            cmap="Blues",
            vmin=-len(trials) / 2,
            edgecolors=COLOURS["complete"],
            linewidths=0.6,
        )
        _set_ticks(axes, ticks, is_log=name in log_params)
        label = "" if i % n_columns else scorer
        style_axes(axes, x_label=shorten(name, MAX_LABEL), y_label=label)
    figure.suptitle("Slices", fontsize="large")
    if not names:
        _write(all_axes[0], "no complete trial")
    return figure


def parallel_figure(
    trials: Sequence[TrialRecord], log_params: Collection[str] = (), scorer: str = "score"
) -> Figure:
    """Return a line per complete trial across its parameters to its value, coloured by value.

    In a conditional space these are the parameters that all complete trials have.
    """
    import numpy as np
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    complete = _complete(trials)
    names = [name for name in _param_names(complete) if all(name in t.params for t in complete)]
    figure, (axes,) = _new_figure(1, (max(1.6 * (len(names) + 1), 5) + 1.5, 4.4))
    if not names:
        _write(axes, "no parameter that all trials have" if complete else "no complete trial")
        return figure
    values = [trial.value or 0.0 for trial in complete]
    columns = [
        _scaled(axes, x, [trial.params[name] for trial in complete], is_log=name in log_params)
        for x, name in enumerate(names)
    ]
    heights = np.array([*columns, _scaled(axes, len(names), values, is_log=False)]).T
    colours = ScalarMappable(Normalize(min(values), max(values)), COLOUR_MAP)
    # The best on top, since lines hide each other; one collection, since there may be thousands.
    order = np.argsort(np.array(values), kind="stable")
    across = np.broadcast_to(np.arange(len(names) + 1, dtype=float), heights.shape)
    lines = list(np.stack([across, heights[order]], axis=-1))
    line_colours = colours.to_rgba(np.array(values)[order])
    axes.add_collection(LineCollection(lines, colors=line_colours, alpha=0.75, linewidths=1.5))
    margin = 0.05 * (len(names) + 1)
    axes.set_xticks(range(len(names) + 1), [*(shorten(n, MAX_LABEL) for n in names), scorer])
    axes.spines[:].set_visible(False)
    axes.set(ylim=(-0.06, 1.06), xlim=(-margin, len(names) + margin), yticks=[])
    axes.set_title("Parallel coordinates")
    figure.colorbar(colours, ax=axes, label=scorer, pad=0.06)
    return figure


def pareto_figure(
    trials: Sequence[TrialRecord], front: Sequence[int], objectives: Sequence[str]
) -> Figure:
    """Return the first objective against each further one, the Pareto front marked."""
    first, *further = objectives
    n_columns = min(len(further), 2)
    size = (5.5 * n_columns, 4.2 * -(-len(further) // 2))
    figure, all_axes = _new_figure(len(further), size, n_columns)
    beaten = [t.means for t in _complete(trials) if t.number not in set(front)]
    best = [t.means for t in _complete(trials) if t.number in set(front)]
    groups = (
        (beaten, "beaten by another trial", COLOURS["complete"]),
        (best, "Pareto front", ACCENT),
    )
    for position, (axes, name) in enumerate(zip(all_axes, further, strict=True), start=1):
        for shown, label, colour in groups:
            x, y = [means[position] for means in shown], [means[0] for means in shown]
            axes.scatter(x, y, 30, colour, alpha=0.8, label=label if shown else None)
        style_axes(axes, x_label=name.replace("_time", "_time, s"), y_label=first)
        axes.legend(frameon=False, fontsize="small", loc="best")
    figure.suptitle("Pareto front", fontsize="large")
    return figure


def _new_figure(
    n_axes: int, size: tuple[float, float], n_columns: int = 1
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a grid of empty axes; the size is in inches."""
    figure = figure_style.new_figure(*size)
    n_rows = math.ceil(n_axes / n_columns)
    return figure, [figure.add_subplot(n_rows, n_columns, i + 1) for i in range(n_axes)]


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


def _param_names(trials: Sequence[TrialRecord]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.params))


def _positions(values: Sequence[object]) -> tuple[list[float], list[str]]:
    """Return where values stand on an axis; unless they are numbers, also the labels of 0, 1..."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [float(str(value)) for value in values], []
    labels = sorted({str(value) for value in values})
    return [float(labels.index(str(value))) for value in values], labels


def _set_ticks(axes: Axes, labels: Sequence[str], *, is_log: bool) -> None:
    if labels:
        axes.set_xticks(range(len(labels)), [shorten(label, MAX_LABEL) for label in labels])
        if any(len(label) > MAX_LABEL // 2 for label in labels):
            axes.tick_params("x", rotation=20)
        axes.set_xlim(-0.5, len(labels) - 0.5)
    elif is_log:
        axes.set_xscale("log")


def _scaled(axes: Axes, x: float, values: Sequence[object], *, is_log: bool) -> list[float]:
    """Draw the vertical axis of one parameter; return its values as heights from 0 to 1."""
    positions, labels = _positions(values)
    is_log = is_log and not labels and min(positions) > 0
    shown = [math.log10(position) for position in positions] if is_log else positions
    low, high = min(shown), max(shown)
    axes.axvline(x, color=GRID, linewidth=0.8, zorder=0)
    heights = [(position - low) / (high - low) if high > low else 0.5 for position in shown]
    ends = {min(heights): f"{min(positions):.3g}", max(heights): f"{max(positions):.3g}"}
    if labels:
        ends = {i / max(len(labels) - 1, 1) if high > low else 0.5: t for i, t in enumerate(labels)}
    for height, text in ends.items():
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1}
        place = x + 0.03, height, shorten(text, MAX_LABEL)
        axes.text(*place, fontsize="x-small", va="center", bbox=box)
    return heights


def _write(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)
    axes.set(xticks=[], yticks=[])
