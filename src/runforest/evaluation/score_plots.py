"""Plots for every kind of target: the scores of the folds, the importances of the columns."""

from __future__ import annotations

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
    shorten,
    style_axes,
    write_plain_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def fold_scores_plot(fold_scores: Mapping[str, Sequence[float]]) -> Figure:
    """Return one strip per scorer with a dot per fold and a tick at the mean.

    Scores between 0 and 1 share one scale; otherwise every scorer has its own.

    Parameters
    ----------
    fold_scores
        Scorer name -> one score per fold.
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
    axes.set_title(shorten(scorer, 40), loc="left", fontsize=TEXT_SIZE, color=INK, pad=3)
    spread = format_spread(mean, float(scores.std()))
    axes.set_title(spread, loc="right", fontsize=TEXT_SIZE, color=PALETTE[0], pad=3)


def importance_plot(importances: pd.DataFrame, *, n_features: int = 15) -> Figure:
    """Return a bar per column with a whisker of one standard deviation to either side.

    Parameters
    ----------
    importances : (n, 3) frame
        `feature`, `importance`, `std`, the most important first, as `permutation_importances`
        returns it.
    n_features
        How many of the first rows are drawn.
    """
    shown = importances.head(n_features).iloc[::-1]
    left_out = len(importances) - len(shown)
    note = f"\n(top {len(shown)} of {len(importances)} columns)" if left_out else ""
    x_label = f"Drop of the training score when shuffled{note}"
    figure, axes = new_axes(x_label, "", height_in=0.27 * len(shown) + 0.8)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=MUTED, linewidth=1)
    places = np.arange(len(shown))
    axes.barh(places, shown["importance"], height=0.62, color=PALETTE[0], alpha=0.85)
    axes.errorbar(
        shown["importance"], places, xerr=shown["std"], fmt="none", ecolor=INK, elinewidth=1.2
    )
    axes.set_yticks(places, [shorten(name, 24) for name in shown["feature"]])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=SMALL_TEXT_SIZE)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    return figure
