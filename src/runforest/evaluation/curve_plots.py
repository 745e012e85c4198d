"""ROC and precision-recall curves: how well the scores of a classifier separate the classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runforest.figure_style import (
    HEIGHT_IN,
    INK,
    MUTED,
    PALETTE,
    REST,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    new_figure,
    quote,
    shorten,
    style_axes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


LABEL_RECALL = 0.3
LEGEND_COLUMNS = 2


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
    figure = _new_curve_figure(class_scores)
    axes = figure.add_subplot()
    is_binary = class_scores.ndim == 1
    of_class = f" for {quote(classes[1])}" if is_binary else ""
    style_axes(axes, x_label="False positive rate", y_label=f"True positive rate{of_class}")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    if is_binary:
        curve = roc_curve_of(target == classes[1], class_scores)
        knee = int(np.argmax(curve.y - curve.x))
        _draw_one(axes, curve, f"AUC {curve.area:.3f}", below=knee, shift=12)
    else:
        curves = _one_against_rest(target, class_scores, classes, roc_curve_of)
        _draw_many(axes, curves, "AUC")
    _fit_unit_square(axes)
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
    figure = _new_curve_figure(class_scores)
    axes = figure.add_subplot()
    is_binary = class_scores.ndim == 1
    of_class = f" for {quote(classes[1])}" if is_binary else ""
    style_axes(axes, x_label="Recall", y_label=f"Precision{of_class}")
    if is_binary:
        is_positive = target == classes[1]
        _draw_prevalence(axes, float(np.mean(is_positive)))
        curve = precision_recall_curve_of(is_positive, class_scores)
        middle = int(np.argmin(np.abs(curve.x - LABEL_RECALL)))
        _draw_one(axes, curve, f"AP {curve.area:.3f}", below=middle, shift=-36)
    else:
        curves = _one_against_rest(target, class_scores, classes, precision_recall_curve_of)
        _draw_many(axes, curves, "AP")
    _fit_unit_square(axes)
    return figure


def roc_curve_of(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Curve:
    """Return the true against the false positive rate over all thresholds, and the area."""
    from sklearn.metrics import roc_auc_score, roc_curve

    false_rate, true_rate, _ = roc_curve(is_positive, scores)
    return Curve(x=false_rate, y=true_rate, area=float(roc_auc_score(is_positive, scores)))


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


def _one_against_rest(
    target: NDArray[np.generic],
    class_scores: NDArray[np.float64],
    classes: Sequence[object],
    curve_of: Callable[[NDArray[np.bool_], NDArray[np.float64]], Curve],
) -> list[tuple[object, Curve]]:
    columns = zip(classes, class_scores.T, strict=True)
    curves = [(label, curve_of(target == label, scores)) for label, scores in columns]
    return sorted(curves, key=lambda labelled: labelled[1].area)


def _draw_one(axes: Axes, curve: Curve, text: str, *, below: int, shift: int) -> None:
    color = PALETTE[0]
    axes.plot(
        curve.x,
        curve.y,
        color=color,
        linewidth=2,
        solid_joinstyle="round",
        drawstyle=curve.drawstyle,
    )
    axes.annotate(
        text,
        (curve.x[below], curve.y[below]),
        (shift, -14),
        textcoords="offset points",
        va="top",
        color=color,
        fontsize=TEXT_SIZE + 2,
        fontweight="bold",
    )


def _draw_many(axes: Axes, curves: Sequence[tuple[object, Curve]], area_name: str) -> None:
    """Draw the classes with the smallest areas in colour, those beyond the palette in grey."""
    hardest, rest = curves[: len(PALETTE)], curves[len(PALETTE) :]
    for _, curve in rest:
        axes.plot(curve.x, curve.y, color=REST, linewidth=1, drawstyle=curve.drawstyle)
    lines = [
        axes.plot(curve.x, curve.y, color=color, linewidth=1.8, drawstyle=curve.drawstyle)[0]
        for color, (_, curve) in zip(PALETTE, hardest, strict=False)
    ]
    texts = [f"{shorten(label, 16)}  {area_name} {curve.area:.3f}" for label, curve in hardest]
    if rest:
        lines.extend(axes.plot([], [], color=REST, linewidth=1))
        texts.append(f"{len(rest)} other classes")
    # Below the axes: a place inside them that no curve can cross does not exist.
    axes.figure.legend(
        lines,
        texts,
        loc="outside lower center",
        ncols=LEGEND_COLUMNS,
        frameon=False,
        labelcolor=INK,
        fontsize=SMALL_TEXT_SIZE,
    )


def _new_curve_figure(class_scores: NDArray[np.float64]) -> Figure:
    if class_scores.ndim == 1:
        return new_figure()
    n_lines = min(class_scores.shape[1], len(PALETTE) + 1)
    return new_figure(height_in=HEIGHT_IN + 0.2 * math.ceil(n_lines / LEGEND_COLUMNS))


def _draw_prevalence(axes: Axes, share: float) -> None:
    axes.axhline(share, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
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


def _fit_unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.03))
    ticks = (0, 0.25, 0.5, 0.75, 1)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
