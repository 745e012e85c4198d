"""Plots of numbers: predictions of a regression, scores of the folds, importances of columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from runforest.evaluation.rounding import format_spread
from runforest.figure_style import (
    INK,
    MUTED,
    PALETTE,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    new_axes,
    new_figure,
    of_rows,
    shorten,
    style_axes,
    write_plain_ticks,
)
from runforest.model.metrics import short_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

N_GROUPS = 10
MIN_ROWS_PER_GROUP = 5
MAX_POINTS = 5_000


def residual_plot(target: NDArray[np.generic], predictions: NDArray[np.generic]) -> Figure:
    """Return the residual (actual minus predicted) against the prediction.

    With 50 rows or more, a line joins the medians of ten equally large groups of rows by
    prediction: where it leaves zero, the model is off to one side.

    Parameters
    ----------
    target, predictions : (n_rows,) arrays
        Numbers in the unit of the target.
    """
    predicted = np.asarray(predictions, dtype=float)
    residuals = np.asarray(target, dtype=float) - predicted
    figure, axes = _row_axes("Actual \N{MINUS SIGN} predicted", predicted, residuals)
    axes.axhline(0, color=INK, linewidth=1)
    if len(predicted) >= N_GROUPS * MIN_ROWS_PER_GROUP:
        groups = np.array_split(np.argsort(predicted, kind="stable"), N_GROUPS)
        centers = [float(np.median(predicted[rows])) for rows in groups]
        medians = [float(np.median(residuals[rows])) for rows in groups]
        axes.plot(centers, medians, color=PALETTE[1], linewidth=2, marker="o", markersize=4)
        note = "median of each tenth of the rows"
        axes.set_title(note, loc="right", color=PALETTE[1], fontsize=SMALL_TEXT_SIZE)
    return figure


def predicted_actual_plot(target: NDArray[np.generic], predictions: NDArray[np.generic]) -> Figure:
    """Return the actual value against the prediction, on equal scales, with the line of equality.

    Takes the same arrays as `residual_plot`.
    """
    predicted, actual = np.asarray(predictions, dtype=float), np.asarray(target, dtype=float)
    figure, axes = _row_axes("Actual", predicted, actual)
    lowest, highest = min(predicted.min(), actual.min()), max(predicted.max(), actual.max())
    axes.plot([lowest, highest], [lowest, highest], color=INK, linewidth=1)
    axes.set_title("predicted = actual", loc="right", color=INK, fontsize=SMALL_TEXT_SIZE)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def _row_axes(y_label: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Figure, Axes]:
    """Return a figure with one point per row, of some if there are many; fainter the more."""
    shown = np.random.default_rng(0).permutation(len(x))[:MAX_POINTS]
    figure, axes = new_axes(of_rows("Predicted", len(shown), len(x)), y_label)
    write_plain_ticks(axes.xaxis, axes.yaxis)
    opacity = float(np.clip(12 / np.sqrt(len(shown)), 0.05, 0.6))
    axes.scatter(x[shown], y[shown], s=16, color=PALETTE[0], alpha=opacity, linewidths=0)
    return figure, axes


def fold_scores_plot(fold_scores: Mapping[str, Sequence[float]]) -> Figure:
    """Return one strip per scorer with a dot per fold and a tick at the mean.

    Scores between 0 and 1 share one scale; otherwise every scorer has its own.
    """
    is_share = all(0 <= score <= 1 for scores in fold_scores.values() for score in scores)
    figure = new_figure(height_in=0.75 * len(fold_scores) + 0.35)
    strips = figure.subplots(len(fold_scores), 1, squeeze=False, sharex=is_share)[:, 0]
    for axes, (scorer, scores) in zip(strips, fold_scores.items(), strict=True):
        style_axes(axes, x_label="", y_label="")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        axes.margins(x=0.08)
        axes.set_ylim(-0.9, 0.9)
        _draw_folds(axes, scorer, np.asarray(scores, dtype=float))
        write_plain_ticks(axes.xaxis)
    return figure


def _draw_folds(axes: Axes, scorer: str, scores: np.ndarray) -> None:
    # Folds lie one below the other, so that equal scores stay apart.
    heights = np.linspace(0.45, -0.45, len(scores))
    mean = float(scores.mean())
    axes.axvline(mean, color=PALETTE[0], linewidth=2)
    axes.scatter(scores, heights, s=30, color=PALETTE[0], alpha=0.55, linewidths=0, zorder=3)
    name = shorten(short_name(scorer), 40)
    axes.set_title(name, loc="left", fontsize=TEXT_SIZE, color=INK, pad=3)
    spread = format_spread(mean, float(scores.std()) if len(scores) > 1 else math.nan)
    axes.set_title(spread, loc="right", fontsize=TEXT_SIZE, color=PALETTE[0], pad=3)


def importance_plot(importances: pd.DataFrame, *, n_features: int = 15) -> Figure:
    """Return a bar per column with a whisker of one standard deviation to either side.

    Parameters
    ----------
    importances : (n, 3) frame
        As `Importances` has it; its first `n_features` rows are drawn.
    """
    shown = importances.head(n_features).iloc[::-1]
    left_out = len(importances) - len(shown)
    note = f"\n(top {len(shown)} of {len(importances)} columns)" if left_out else ""
    x_label = f"Drop of the score when shuffled{note}"
    figure, axes = new_axes(x_label, "", height_in=0.27 * len(shown) + 0.8)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=MUTED, linewidth=1)
    places, drops = np.arange(len(shown)), shown["importance"]
    axes.barh(places, drops, height=0.62, color=PALETTE[0], alpha=0.85)
    axes.errorbar(drops, places, xerr=shown["std"], fmt="none", ecolor=INK, elinewidth=1.2)
    axes.set_yticks(places, [shorten(name, 24) for name in shown["feature"]])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=SMALL_TEXT_SIZE)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    return figure
