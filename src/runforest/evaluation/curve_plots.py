"""ROC and precision-recall curves: how well the scores of a classifier separate the classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runforest.figure_style import (
    HEIGHT_IN,
    INK,
    MUTED,
    PALETTE,
    REST,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    new_axes,
    quote,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

LEGEND_COLUMNS = 2
REFERENCE: dict[str, Any] = {"color": MUTED, "linewidth": 1, "linestyle": (0, (2, 3))}


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A line in the unit square; `area` sums it up, `drawstyle` says how its points are joined."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: float
    drawstyle: str = "default"


def roc_plot(
    target: NDArray[np.generic], class_scores: NDArray[np.float64], *, classes: Sequence[object]
) -> Figure:
    """Return the receiver operating characteristic of `classes[1]`, or of each of several classes.

    Parameters
    ----------
    target : (n_rows,) array
        True labels, each of them one of `classes`.
    class_scores : (n_rows,) or (n_rows, n_classes) array
        As in `CrossValidation`: one dimension for two classes. Folds are pooled, so the area
        differs a little from the mean of the folds' areas.
    classes
        Labels in the order of the columns.

    References
    ----------
    Fawcett (2006), "An introduction to ROC analysis".
    """
    curves = _curves(target, class_scores, classes, roc_curve_of)
    figure, axes = _draw(curves, "AUC", "False positive rate", "True positive rate")
    axes.plot([0, 1], [0, 1], **REFERENCE)
    return figure


def precision_recall_plot(
    target: NDArray[np.generic], class_scores: NDArray[np.float64], *, classes: Sequence[object]
) -> Figure:
    """Return precision against recall of `classes[1]`, or of each of several classes.

    Takes the same arrays as `roc_plot`. AP is the average precision, the area under the steps.

    References
    ----------
    Davis and Goadrich (2006), "The Relationship Between Precision-Recall and ROC Curves".
    """
    curves = _curves(target, class_scores, classes, precision_recall_curve_of)
    figure, axes = _draw(curves, "AP", "Recall", "Precision")
    if class_scores.ndim == 1:
        share = float(np.mean(target == classes[1]))
        axes.axhline(share, **REFERENCE)
        axes.annotate(
            f"guessing {share:.3f}",
            (1, share),
            (0, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            color=MUTED,
            fontsize=SMALL_TEXT_SIZE,
        )
    return figure


def roc_curve_of(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Curve:
    """Return the true against the false positive rate over all thresholds, and the area."""
    from sklearn.metrics import auc, roc_curve

    false_rate, true_rate, _ = roc_curve(is_positive, scores)
    return Curve(x=false_rate, y=true_rate, area=float(auc(false_rate, true_rate)))


def precision_recall_curve_of(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Curve:
    """Return precision against recall over all thresholds, and the average precision.

    Between two thresholds precision is not on the line from one point to the next, so the curve
    goes in steps. The area under them is the average precision.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(is_positive, scores)
    area = float(average_precision_score(is_positive, scores))
    # Without a single true positive, precision says nothing; scikit-learn closes with 1 there.
    is_found = recall > 0
    x, y = recall[is_found], precision[is_found]
    return Curve(x=np.append(x, 0.0), y=np.append(y, y[-1]), area=area, drawstyle="steps-post")


def _curves(
    target: NDArray[np.generic],
    class_scores: NDArray[np.float64],
    classes: Sequence[object],
    curve_of: Callable[[NDArray[np.bool_], NDArray[np.float64]], Curve],
) -> list[tuple[object, Curve]]:
    """Return the curve of `classes[1]`, or of each of several, the smallest area first."""
    is_binary = class_scores.ndim == 1
    columns = (
        [(classes[1], class_scores)] if is_binary else zip(classes, class_scores.T, strict=True)
    )
    curves = [(label, curve_of(target == label, scores)) for label, scores in columns]
    return sorted(curves, key=lambda labelled: labelled[1].area)


def _draw(
    curves: Sequence[tuple[object, Curve]], area_name: str, x_label: str, y_label: str
) -> tuple[Figure, Axes]:
    """Draw the classes with the smallest areas in colour, those beyond the palette in grey."""
    is_single = len(curves) == 1
    n_lines = 0 if is_single else min(len(curves), len(PALETTE) + 1)
    of_class = f" for {quote(curves[0][0])}" if is_single else ""
    height_in = HEIGHT_IN + 0.2 * math.ceil(n_lines / LEGEND_COLUMNS)
    figure, axes = new_axes(x_label, f"{y_label}{of_class}", height_in=height_in)
    rest = curves[len(PALETTE) :]
    for _, curve in rest:
        axes.plot(curve.x, curve.y, color=REST, linewidth=1, drawstyle=curve.drawstyle)
    for color, (label, curve) in zip(PALETTE, curves, strict=False):
        text = f"{shorten(label, 16)}  {area_name} {curve.area:.3f}"
        axes.plot(curve.x, curve.y, color=color, lw=1.8, drawstyle=curve.drawstyle, label=text)
    if is_single:
        text = f"{area_name} {curves[0][1].area:.3f}"
        size = TEXT_SIZE + 2
        axes.set_title(text, loc="right", color=PALETTE[0], fontsize=size, fontweight="bold")
    else:
        axes.plot([], [], color=REST, lw=1, label=f"{len(rest)} other classes" if rest else None)
        # Below the axes: a place inside them that no curve can cross does not exist.
        figure.legend(
            loc="outside lower center",
            ncols=LEGEND_COLUMNS,
            frameon=False,
            labelcolor=INK,
            fontsize=SMALL_TEXT_SIZE,
        )
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.03))
    ticks = (0, 0.25, 0.5, 0.75, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    return figure, axes
