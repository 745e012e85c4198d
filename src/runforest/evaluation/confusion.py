"""The confusion matrix of a classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runforest.figure_style import (
    INK,
    MUTED,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    WIDTH_IN,
    new_axes,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


MAX_CLASSES_WITH_PERCENT = 6
MAX_CLASSES_WITH_COUNT = 15
MAX_CLASSES = 30
N_CONFUSED = 20
"""Classes that are shown of more than `MAX_CLASSES`."""
MAX_CHARACTERS_IN_LINE = 36
DARK_SHARE = 0.55


def confusion_matrix_plot(
    target: NDArray[np.generic], predictions: NDArray[np.generic], *, classes: Sequence[object]
) -> Figure:
    """Return how the rows of each true class were predicted: counts, coloured by share of the row.

    Percentages are left out with more than 6 classes, counts with more than 15. Of more than 30
    classes 20 are shown, those of the most frequent mistakes, and all others as one.

    Parameters
    ----------
    target, predictions : (n_rows,) arrays
        Labels, each of them one of `classes`.
    classes
        Labels in the order in which they are shown.
    """
    counts = _count_pairs(target, predictions, classes)
    names = [shorten(label, 16) for label in classes]
    if len(classes) > MAX_CLASSES:
        counts, names = _most_confused(counts, names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_axes("Predicted class", "True class", height_in=WIDTH_IN * 0.8)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _name_classes(axes, names)
    if len(names) <= MAX_CLASSES_WITH_COUNT:
        _write_cells(axes, counts, shares)
        return figure
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format="{x:.0%}")
    bar.outline.set(visible=False)
    bar.ax.tick_params(labelsize=SMALL_TEXT_SIZE, labelcolor=MUTED, length=0)
    return figure


def _count_pairs(
    target: NDArray[np.generic], predictions: NDArray[np.generic], classes: Sequence[object]
) -> NDArray[np.int64]:
    """Return the confusion matrix; that of scikit-learn sorts all labels, which takes seconds."""
    import pandas as pd

    labels, n_classes = pd.Index(np.asarray(classes)), len(classes)
    true, predicted = (
        np.asarray(labels.get_indexer(pd.Index(found))) for found in (target, predictions)
    )
    pairs = true * n_classes + predicted
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def _most_confused(
    counts: NDArray[np.int64], names: Sequence[str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the counts of the most frequent mistakes, with all other classes as one, the last."""
    mistakes = counts - np.diag(counts.diagonal())
    order = np.argsort(-mistakes, axis=None, kind="stable")
    pairs = np.column_stack(np.unravel_index(order, counts.shape))
    shown = np.sort([*dict.fromkeys(pairs.ravel().tolist())][:N_CONFUSED])
    place = np.full(len(names), N_CONFUSED)
    place[shown] = np.arange(N_CONFUSED)
    merged = np.zeros((N_CONFUSED + 1, N_CONFUSED + 1), dtype=counts.dtype)
    np.add.at(merged, np.ix_(place, place), counts)
    others = f"{len(names) - N_CONFUSED} others"
    return merged, [*(names[number] for number in shown), others]


def _name_classes(axes: Axes, labels: Sequence[str]) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(np.arange(len(labels)), labels)
        axis.set_ticks(np.arange(len(labels) + 1) - 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(visible=True, which="minor", color="white", linewidth=2)
    # imshow's image lies above the grid of `style_axes`; the gaps between cells must not.
    axes.set_axisbelow(False)
    if max(map(len, labels)) * len(labels) > MAX_CHARACTERS_IN_LINE:
        axes.tick_params(axis="x", rotation=90 if len(labels) > MAX_CLASSES_WITH_COUNT else 35)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor", va="center")


def _write_cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    has_percent = len(counts) <= MAX_CLASSES_WITH_PERCENT
    for (row, column), count in np.ndenumerate(counts):
        share = float(shares[row, column])
        color = "white" if share > DARK_SHARE else INK
        text = axes.text(column, row, f"{count:,}", ha="center", va="center", color=color)
        if not has_percent:
            text.set(fontsize=SMALL_TEXT_SIZE, visible=bool(count))
            continue
        text.set(fontsize=TEXT_SIZE + 2, fontweight="bold", va="bottom")
        percent = axes.text(column, row + 0.05, f"{share:.0%}", ha="center", va="top", color=color)
        percent.set(fontsize=SMALL_TEXT_SIZE)
