"""Plots show what the numbers say, and the same figure gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from runforest.evaluation.confusion import confusion_matrix_plot
from runforest.evaluation.curves import precision_recall_plot, roc_plot
from runforest.evaluation.plots import evaluation_plots
from runforest.evaluation.score_plots import (
    fold_scores_plot,
    importance_plot,
    predicted_actual_plot,
    residual_plot,
)
from runforest.evaluation.scores import CrossValidation
from runforest.figure_fonts import draw_png
from runforest.figure_style import PALETTE, shorten

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

LABELS = np.array(["no", "yes", "no", "yes", "yes", "no"], dtype=object)
SCORES = np.array([0.1, 0.9, 0.4, 0.35, 0.8, 0.2])
NUMBERS = np.array([1.0, 2.0, 3.0, 4.5])
IMPORTANCES = pd.DataFrame({"feature": ["a", "b"], "importance": [0.5, -0.1], "std": [0.1, 0.0]})

FIGURES: dict[str, Callable[[], Figure]] = {
    "confusion": lambda: confusion_matrix_plot(LABELS, LABELS, classes=["no", "yes"]),
    "roc": lambda: roc_plot(LABELS, SCORES, classes=["no", "yes"]),
    "precision_recall": lambda: precision_recall_plot(LABELS, SCORES, classes=["no", "yes"]),
    "residual": lambda: residual_plot(NUMBERS, NUMBERS + 1),
    "predicted_actual": lambda: predicted_actual_plot(NUMBERS, NUMBERS + 1),
    "fold_scores": lambda: fold_scores_plot({"r2": (0.5, 0.7), "neg_error": (-3.0, -2.0)}),
    "importance": lambda: importance_plot(IMPORTANCES),
}


def texts_of(figure: Figure) -> list[str]:
    """Return every text in the figure, of axes, cells and legends."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def make_validation(
    kind: str, target: np.ndarray, class_scores: np.ndarray | None = None
) -> CrossValidation:
    """Return the cross-validation of a perfect predictor."""
    return CrossValidation(
        fold_scores={"main": (0.5, 0.75)},
        target=target,
        predictions=target,
        class_scores=class_scores,
        classes=tuple(np.unique(target).tolist()) if kind == "classification" else (),
        n_rows=len(target),
    )


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_saved_twice_gives_the_same_png(name: str, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"

    FIGURES[name]().savefig(path, metadata={"Software": None})

    assert path.read_bytes() == draw_png(FIGURES[name]())


def test_a_perfect_predictor_gives_the_identity_as_confusion_matrix() -> None:
    figure = confusion_matrix_plot(LABELS, LABELS, classes=["no", "yes"])

    shares = figure.axes[0].images[0].get_array()
    assert np.asarray(shares).tolist() == np.eye(2).tolist()


def test_the_confusion_matrix_has_true_classes_in_rows() -> None:
    figure = confusion_matrix_plot(
        np.array(["no"] * 4), np.array(["no", "yes", "yes", "yes"]), classes=["no", "yes"]
    )

    shares = figure.axes[0].images[0].get_array()
    assert np.asarray(shares).tolist() == [[0.25, 0.75], [0.0, 0.0]]
    assert {"1", "25%", "3", "75%"} <= set(texts_of(figure))


@pytest.mark.parametrize(("n_classes", "has_counts"), [(15, True), (16, False)])
def test_counts_give_way_to_colours_when_there_are_many_classes(
    n_classes: int, *, has_counts: bool
) -> None:
    target = np.repeat(np.arange(n_classes), 777)

    figure = confusion_matrix_plot(target, target, classes=range(n_classes))

    assert ("777" in texts_of(figure)) is has_counts


def test_the_roc_label_is_the_share_of_pairs_in_the_right_order() -> None:
    positive, negative = SCORES[LABELS == "yes"], SCORES[LABELS == "no"]
    share = np.mean(positive[:, None] > negative[None, :])

    figure = roc_plot(LABELS, SCORES, classes=["no", "yes"])

    assert f"AUC {share:.3f}" in texts_of(figure)
    assert any("yes" in text for text in texts_of(figure))


def test_the_precision_recall_label_is_the_mean_precision_at_each_positive() -> None:
    # By score: yes, yes, no, yes, ...: the precisions at the positives are 1/1, 2/2 and 3/4.
    expected = (1 + 1 + 3 / 4) / 3

    figure = precision_recall_plot(LABELS, SCORES, classes=["no", "yes"])

    assert f"AP {expected:.3f}" in texts_of(figure)
    assert "guessing 0.500" in texts_of(figure)


def test_the_area_under_the_steps_of_precision_is_the_average_precision() -> None:
    expected = (1 + 1 + 3 / 4) / 3

    binary = precision_recall_plot(LABELS, SCORES, classes=["no", "yes"])
    several = precision_recall_plot(
        LABELS, np.column_stack([-SCORES, SCORES]), classes=["no", "yes"]
    )

    steps = [line for figure in (binary, several) for line in figure.axes[0].lines]
    areas = [
        float(np.sum(-np.diff(line.get_xdata()) * line.get_ydata()[:-1]))
        for line in steps
        if line.get_drawstyle() == "steps-post"
    ]
    assert areas == pytest.approx([expected] * 3)  # "no" against "yes" is ranked alike.


def test_a_roc_curve_is_drawn_with_straight_lines() -> None:
    figure = roc_plot(LABELS, SCORES, classes=["no", "yes"])

    assert {line.get_drawstyle() for line in figure.axes[0].lines} == {"default"}


@pytest.mark.parametrize("plot", [roc_plot, precision_recall_plot])
def test_each_of_several_classes_has_a_labelled_curve(plot: Callable[..., Figure]) -> None:
    classes = ["apple", "fig", "pear"]
    target = np.repeat(np.array(classes, dtype=object), 3)

    figure = plot(target, np.repeat(np.eye(3), 3, axis=0), classes=classes)

    labels = " ".join(texts_of(figure))
    assert all(name in labels for name in classes)
    assert labels.count("1.000") == len(classes)


def test_classes_beyond_the_palette_share_one_grey_entry() -> None:
    n_classes = len(PALETTE) + 3
    target = np.repeat(np.arange(n_classes), 2)

    figure = roc_plot(target, np.repeat(np.eye(n_classes), 2, axis=0), classes=range(n_classes))

    assert "3 other classes" in texts_of(figure)


def test_the_residual_of_a_row_is_actual_minus_predicted() -> None:
    figure = residual_plot(np.array([5.0, 1.0]), np.array([3.0, 2.0]))

    points = figure.axes[0].collections[0].get_offsets()
    assert np.asarray(points).tolist() == [[3.0, 2.0], [2.0, -1.0]]


def test_residuals_of_many_rows_get_their_running_median() -> None:
    predicted = np.arange(100.0)

    figure = residual_plot(predicted + 2, predicted)

    _, medians = figure.axes[0].lines
    assert np.asarray(medians.get_ydata()).tolist() == [2.0] * 10


def test_a_perfect_regression_lies_on_the_line_of_equality() -> None:
    figure = predicted_actual_plot(NUMBERS, NUMBERS)

    (line,) = figure.axes[0].lines
    assert np.asarray(line.get_xdata()).tolist() == [1.0, 4.5]
    assert np.asarray(line.get_ydata()).tolist() == [1.0, 4.5]


def test_fold_scores_are_labelled_with_mean_and_standard_deviation() -> None:
    figure = fold_scores_plot({"accuracy": (0.7, 0.9)})

    assert "accuracy" in texts_of(figure)
    assert "0.800 ± 0.100" in texts_of(figure)


def test_the_importance_plot_starts_with_the_most_important_and_counts_the_others() -> None:
    figure = importance_plot(IMPORTANCES, n_features=1)

    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.5]
    assert "Drop of the score when shuffled\n(top 1 of 2 columns)" in texts_of(figure)


@pytest.mark.parametrize(
    ("validation", "stems"),
    [
        (
            make_validation("classification", LABELS, SCORES),
            {"confusion_matrix", "roc_curve", "precision_recall_curve", "fold_scores"},
        ),
        (make_validation("classification", LABELS), {"confusion_matrix", "fold_scores"}),
        (make_validation("regression", NUMBERS), {"predicted_actual", "residuals", "fold_scores"}),
    ],
)
def test_a_validation_gets_the_plots_that_suit_it(
    validation: CrossValidation, stems: set[str]
) -> None:
    plots = evaluation_plots(validation)

    assert set(plots) == stems
    assert all(plot.caption.endswith(".") for plot in plots.values())


def test_a_long_label_is_cut_and_its_dollar_signs_are_no_formula() -> None:
    assert shorten("a" * 30, 5) == "aaaa…"
    assert shorten("$x$") == r"\$x\$"


def test_of_many_classes_the_most_mistaken_are_shown_and_all_others_as_one() -> None:
    target = np.repeat(np.arange(200), 10)
    predictions = target.copy()
    predictions[target == 150] = 151

    figure = confusion_matrix_plot(target, predictions, classes=range(200))

    shares = np.asarray(figure.axes[0].images[0].get_array())
    assert shares.shape == (21, 21)
    assert {"150", "151", "180 others"} <= set(texts_of(figure))
    place = [text.get_text() for text in figure.axes[0].get_yticklabels()].index("150")
    assert shares[place, place + 1] == 1
    assert shares[-1, -1] == 1


def test_many_rows_are_drawn_as_some_points_and_the_label_says_how_many() -> None:
    target = np.arange(30_000.0)

    figure = residual_plot(target, target + 1)

    points = figure.axes[0].collections[0].get_offsets()
    assert len(points) == 5_000
    assert "Predicted\n(5,000 of 30,000 rows)" in texts_of(figure)


def test_curves_of_many_rows_and_classes_come_from_rows_of_each_class() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 200, 30_000)
    scores = rng.random((30_000, 200))
    scores[np.arange(30_000), target] += 2

    figure = roc_plot(target, scores, classes=range(200))

    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    assert len(lines) == 200
    assert all(len(line.get_xdata()) <= 2_000 for line in lines)
    assert "False positive rate\n(20,000 of 30,000 rows)" in texts_of(figure)
    assert "193 other classes" in texts_of(figure)


def test_a_class_that_no_predicted_row_has_gets_no_curve() -> None:
    target = np.array(["a", "b"] * 6, dtype=object)
    scores = np.random.default_rng(0).random((12, 3))

    figure = roc_plot(target, scores, classes=["a", "b", "c"])

    assert not any(text.startswith("c ") for text in texts_of(figure))
