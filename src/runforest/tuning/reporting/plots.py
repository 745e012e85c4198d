"""Figures of a study, from plain records: matplotlib's objects, without its global state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from runforest.figure_style import MUTED, PALETTE, new_figure, shorten, style_axes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from runforest.tuning.study.trial_record import TrialRecord, TrialState

COLOURS: dict[TrialState, str] = {
    "complete": PALETTE[0],
    "pruned": PALETTE[4],
    "failed": PALETTE[1],
}
ACCENT = PALETTE[2]
COLOUR_MAP = "viridis_r"  # The best is dark: the bright end is hard to see on white.
JITTER = 0.12
MAX_COLUMNS = 3
MAX_LABEL = 18


def history_figure(trials: Sequence[TrialRecord], scorer: str = "score") -> Figure:
    """Return the values in the order of finishing, with the best so far.

    A pruned trial stands at the mean of the folds that it has, a failed one at the lower edge.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (axes,) = new_axes(1, size=(7.5, 4.2))
    complete = [trial for trial in trials if trial.value is not None]
    _scatter(axes, "complete", [(t.number, t.value or 0.0) for t in complete])
    pruned = [t for t in trials if t.state == "pruned" and t.fold_scores]
    means = [(t.number, sum(t.fold_scores) / len(t.fold_scores)) for t in pruned]
    _scatter(axes, "pruned", means, marker="v")
    best: list[float] = []
    for trial in complete:
        best.append(max([*best[-1:], trial.value or 0.0]))
    if best:
        numbers = [trial.number for trial in complete]
        ends = ([*numbers, trials[-1].number], [*best, best[-1]])
        axes.step(*ends, where="post", color=ACCENT, linewidth=2, label="best so far")
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        # x in data, y in axes: a failed trial has no value.
        where, heights = axes.get_xaxis_transform(), [0.02] * len(failed)
        colour = COLOURS["failed"]
        axes.plot(failed, heights, "x", color=colour, transform=where, label="failed")
    axes.set(xlabel="trial", ylabel=scorer, title="Optimisation history")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if trials:
        axes.legend(frameon=False, fontsize="small", loc="best")
    else:
        _say(axes, "no trial")
    return figure


def importances_figure(importances: Mapping[str, float]) -> Figure:
    """Return a bar per parameter, the most important one on top."""
    figure, (axes,) = new_axes(1, size=(7, 1.4 + 0.42 * max(len(importances), 1)))
    names = sorted(importances, key=lambda name: importances[name])
    bars = axes.barh([shorten(name, MAX_LABEL) for name in names], [importances[n] for n in names])
    for bar in bars:
        bar.set_color(COLOURS["complete"])
    axes.bar_label(bars, fmt="%.2f", padding=4, fontsize="small")
    axes.set(xlim=(0, 1.1), xlabel="share of the variance", title="Parameter importance")
    axes.grid(visible=False, axis="y")
    if not importances:
        _say(axes, "too few complete trials to tell")
    return figure


def slices_figure(
    trials: Sequence[TrialRecord], log_params: Collection[str] = (), scorer: str = "score"
) -> Figure:
    """Return the value against each parameter, complete trials alone; later ones are darker."""
    complete = [trial for trial in trials if trial.value is not None]
    names = _param_names(complete)
    n_columns = min(MAX_COLUMNS, max(len(names), 1))
    n_rows = math.ceil(max(len(names), 1) / n_columns)
    size = (max(3.2 * n_columns + 0.8, 4.5), 3 * n_rows + 0.4)
    figure, all_axes = new_axes(max(len(names), 1), size=size, n_columns=n_columns)
    for axes, name in zip(all_axes, names, strict=False):
        shown = [trial for trial in complete if name in trial.params]
        positions, ticks = _positions([trial.params[name] for trial in shown])
        if ticks:  # Side by side instead of on top of each other; the same in each drawing.
            positions = [x + JITTER * (-1 + i % 3) for i, x in enumerate(positions)]
        axes.scatter(
            positions,
            [trial.value or 0.0 for trial in shown],
            c=[trial.number for trial in shown],
            cmap="Blues",
            vmin=-len(trials) / 2,
            edgecolors=COLOURS["complete"],
            linewidths=0.6,
        )
        axes.set_xlabel(shorten(name, MAX_LABEL))
        _set_ticks(axes, ticks, is_log=name in log_params)
    for axes in all_axes[::n_columns]:
        axes.set_ylabel(scorer)
    figure.suptitle("Slices", fontsize="large")
    if not names:
        _say(all_axes[0], "no complete trial")
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

    complete = [trial for trial in trials if trial.value is not None]
    names = [name for name in _param_names(complete) if all(name in t.params for t in complete)]
    figure, (axes,) = new_axes(1, size=(max(1.6 * (len(names) + 1), 5) + 1.5, 4.4))
    if not names:
        _say(axes, "no parameter that all trials have" if complete else "no complete trial")
        return figure
    values = [trial.value or 0.0 for trial in complete]
    columns = [
        _scaled(axes, x, [trial.params[name] for trial in complete], is_log=name in log_params)
        for x, name in enumerate(names)
    ]
    columns.append(_scaled(axes, len(names), values, is_log=False))
    colours = ScalarMappable(Normalize(min(values), max(values)), COLOUR_MAP)
    line_colours = colours.to_rgba(np.array(values))
    # The best on top, since lines hide each other; one collection, since there may be thousands.
    order = np.argsort(np.array(values), kind="stable")
    heights = np.array(columns).T[order]
    across = np.broadcast_to(np.arange(len(columns), dtype=float), heights.shape)
    lines = np.stack([across, heights], axis=-1)
    axes.add_collection(
        LineCollection(list(lines), colors=line_colours[order], alpha=0.75, linewidths=1.5)
    )
    axes.set_xlim(-0.05 * len(columns), len(columns) - 1 + 0.05 * len(columns))
    axes.set_xticks(range(len(columns)), [*(shorten(name, MAX_LABEL) for name in names), scorer])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set(ylim=(-0.06, 1.06), yticks=[], title="Parallel coordinates")
    figure.colorbar(colours, ax=axes, label=scorer, pad=0.06)
    return figure


def new_axes(
    n_axes: int, *, size: tuple[float, float], n_columns: int = 1
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a grid of empty axes; the size is in inches."""
    figure = new_figure(*size)
    n_rows = math.ceil(n_axes / n_columns)
    all_axes = [figure.add_subplot(n_rows, n_columns, i + 1) for i in range(n_axes)]
    for axes in all_axes:
        style_axes(axes, x_label="", y_label="")
    return figure, all_axes


def _scatter(
    axes: Axes, state: TrialState, points: Sequence[tuple[float, float]], marker: str = "o"
) -> None:
    if points:
        x, y = zip(*points, strict=True)
        axes.scatter(x, y, 26, COLOURS[state], marker=marker, alpha=0.75, label=state)


def _param_names(trials: Sequence[TrialRecord]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.params))


def _positions(values: Sequence[object]) -> tuple[list[float], list[str]]:
    """Return where values stand on an axis; unless they are numbers, also the labels of 0, 1..."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        return [float(number) for number in numbers], []
    labels = sorted({str(value) for value in values})
    return [float(labels.index(str(value))) for value in values], labels


def _set_ticks(axes: Axes, labels: Sequence[str], *, is_log: bool) -> None:
    if labels:
        is_long = any(len(label) > MAX_LABEL // 2 for label in labels)
        axes.set_xticks(range(len(labels)), [shorten(label, MAX_LABEL) for label in labels])
        if is_long:
            axes.tick_params("x", rotation=20)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        return
    if is_log:
        axes.set_xscale("log")


def _scaled(axes: Axes, x: float, values: Sequence[object], *, is_log: bool) -> list[float]:
    """Draw the vertical axis of one parameter; return its values as heights from 0 to 1."""
    positions, labels = _positions(values)
    has_logarithms = is_log and not labels and min(positions) > 0
    shown = [math.log10(p) for p in positions] if has_logarithms else positions
    low, high = min(shown), max(shown)
    axes.axvline(x, color=MUTED, linewidth=0.8, zorder=0)
    width = (high - low) or 1.0
    heights = [(position - low) / width if high > low else 0.5 for position in shown]
    ends = {min(heights): f"{min(positions):.3g}", max(heights): f"{max(positions):.3g}"}
    if labels:
        ends = {i / max(len(labels) - 1, 1) if high > low else 0.5: t for i, t in enumerate(labels)}
    for height, text in ends.items():
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1}
        axes.text(
            x + 0.03, height, shorten(text, MAX_LABEL), fontsize="x-small", va="center", bbox=box
        )
    return heights


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)
    axes.set(xticks=[], yticks=[])
