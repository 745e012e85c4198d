"""Plots of a regression: how far off, where, and to which side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runforest.figure_style import INK, PALETTE, SMALL_TEXT_SIZE, new_axes, write_plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

N_GROUPS = 10
MIN_ROWS_PER_GROUP = 5


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
    figure, axes = new_axes("Predicted", "Actual \N{MINUS SIGN} predicted")
    write_plain_ticks(axes.xaxis, axes.yaxis)
    axes.axhline(0, color=INK, linewidth=1)
    _draw_rows(axes, predicted, residuals)
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
    predicted = np.asarray(predictions, dtype=float)
    actual = np.asarray(target, dtype=float)
    figure, axes = new_axes("Predicted", "Actual")
    write_plain_ticks(axes.xaxis, axes.yaxis)
    _draw_rows(axes, predicted, actual)
    lowest, highest = min(predicted.min(), actual.min()), max(predicted.max(), actual.max())
    axes.plot([lowest, highest], [lowest, highest], color=INK, linewidth=1)
    axes.set_title("predicted = actual", loc="right", color=INK, fontsize=SMALL_TEXT_SIZE)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def _draw_rows(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Draw one point per row, fainter the more there are."""
    opacity = float(np.clip(12 / np.sqrt(len(x)), 0.05, 0.6))
    axes.scatter(x, y, s=16, color=PALETTE[0], alpha=opacity, linewidths=0)
