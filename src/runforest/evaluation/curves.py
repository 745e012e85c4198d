"""Receiver operating characteristic and precision-recall curves of a classifier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from runforest.evaluation.shuffling import draw_rows
from runforest.figure_style import (
    HEIGHT_IN,
    INK,
    MUTED,
    PALETTE,
    REST,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    new_axes,
    of_rows,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Curve = tuple[float, object, NDArray[np.float64], NDArray[np.float64]]
    """Area, label, x and y of a line in the unit square."""

MAX_CURVE_SCORES = 4_000_000
"""Rows times classes that curves are computed from."""
MAX_CURVE_POINTS = 2_000
VISIBLE_CURVES = 40
"""Grey curves that lie one above the other before they become fainter."""
LEGEND_COLUMNS = 2
QUOTES = "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
REFERENCE: dict[str, Any] = {"color": MUTED, "linewidth": 1, "linestyle": (0, (2, 3))}


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
        differs a little from the mean of the folds' areas. Of very many, rows are drawn.
    classes
        Labels in the order of the columns.

    References
    ----------
    Fawcett (2006), "An introduction to ROC analysis".
    """
    from sklearn.metrics import auc, roc_curve

    curves: list[Curve] = []
    n_rows = len(target)
    target, class_scores = _drawn(target, class_scores)
    for label, scores in _scores_by_class(target, class_scores, classes):
        false_rate, true_rate, _ = roc_curve(target == label, scores)
        curves.append((float(auc(false_rate, true_rate)), label, false_rate, true_rate))
    figure, axes = _draw(
        curves, "AUC", of_rows("False positive rate", len(target), n_rows), "True positive rate"
    )
    axes.plot([0, 1], [0, 1], **REFERENCE)
    return figure


def precision_recall_plot(
    target: NDArray[np.generic], class_scores: NDArray[np.float64], *, classes: Sequence[object]
) -> Figure:
    """Return precision against recall of `classes[1]`, or of each of several classes.

    Takes the same arrays as `roc_plot`. AP is the average precision, the area under the steps:
    between two thresholds precision is not on the line from one point to the next.

    References
    ----------
    Davis and Goadrich (2006), "The Relationship Between Precision-Recall and ROC Curves".
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    curves: list[Curve] = []
    n_rows = len(target)
    target, class_scores = _drawn(target, class_scores)
    for label, scores in _scores_by_class(target, class_scores, classes):
        precision, recall, _ = precision_recall_curve(target == label, scores)
        area = float(average_precision_score(target == label, scores))
        # Without a single true positive, precision says nothing; scikit-learn closes with 1 there.
        x, y = recall[recall > 0], precision[recall > 0]
        curves.append((area, label, np.append(x, 0.0), np.append(y, y[-1])))
    figure, axes = _draw(
        curves, "AP", of_rows("Recall", len(target), n_rows), "Precision", drawstyle="steps-post"
    )
    if len(curves) == 1:
        share = float(np.mean(target == classes[1]))
        axes.axhline(share, **REFERENCE)
        place: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "top"}
        note = axes.annotate(f"guessing {share:.3f}", (1, share), (0, -4), **place)
        note.set(color=MUTED, fontsize=SMALL_TEXT_SIZE)
    return figure


def _drawn(
    target: NDArray[np.generic], class_scores: NDArray[np.float64]
) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    n_rows = MAX_CURVE_SCORES * len(class_scores) // class_scores.size
    rows = draw_rows(target, n_rows, np.random.default_rng(0))
    return target[rows], class_scores[rows]


def _scores_by_class(
    target: NDArray[np.generic], class_scores: NDArray[np.float64], classes: Sequence[object]
) -> Iterator[tuple[object, NDArray[np.float64]]]:
    """Return the scores of each class that some rows are of and others not."""
    is_binary = class_scores.ndim == 1
    pairs = [(classes[1], class_scores)] if is_binary else zip(classes, class_scores.T, strict=True)
    return ((label, scores) for label, scores in pairs if 0 < (target == label).mean() < 1)


def _thin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.linspace(0, len(values) - 1, min(len(values), MAX_CURVE_POINTS))
    return values[places.astype(np.intp)]


def _draw(
    curves: list[Curve], area_name: str, x_label: str, y_label: str, drawstyle: str = "default"
) -> tuple[Figure, Axes]:
    """Draw the classes with the smallest areas in colour, those beyond the palette in grey."""
    curves = sorted(curves, key=lambda curve: curve[0])
    is_single = len(curves) == 1
    n_lines = 0 if is_single else min(len(curves), len(PALETTE) + 1)
    of_class = f" for {QUOTES[0]}{shorten(curves[0][1])}{QUOTES[1]}" if is_single else ""
    height_in = HEIGHT_IN + 0.2 * math.ceil(n_lines / LEGEND_COLUMNS)
    figure, axes = new_axes(x_label, f"{y_label}{of_class}", height_in=height_in)
    rest = curves[len(PALETTE) :]
    for _, _, x, y in rest:
        line = axes.plot(_thin(x), _thin(y), color=REST, linewidth=1, drawstyle=drawstyle)
        line[0].set_alpha(min(1.0, VISIBLE_CURVES / len(rest)))
    for color, (area, label, x, y) in zip(PALETTE, curves, strict=False):
        text = f"{shorten(label, 16)}  {area_name} {area:.3f}"
        axes.plot(_thin(x), _thin(y), color=color, lw=1.8, drawstyle=drawstyle, label=text)
    if is_single:
        title = axes.set_title(f"{area_name} {curves[0][0]:.3f}", loc="right", color=PALETTE[0])
        title.set(fontsize=TEXT_SIZE + 2, fontweight="bold")
    else:
        axes.plot([], [], color=REST, lw=1, label=f"{len(rest)} other classes" if rest else None)
        # Below the axes: a place inside them that no curve can cross does not exist.
        style: dict[str, Any] = {"frameon": False, "labelcolor": INK, "fontsize": SMALL_TEXT_SIZE}
        figure.legend(loc="outside lower center", ncols=LEGEND_COLUMNS, **style)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.03))
    ticks = (0, 0.25, 0.5, 0.75, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    return figure, axes
