"""The plots that suit a cross-validated pipeline, each with the sentence that explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.evaluation.confusion_plot import confusion_matrix_plot
from runforest.evaluation.curve_plots import precision_recall_plot, roc_plot
from runforest.evaluation.regression_plots import predicted_actual_plot, residual_plot
from runforest.evaluation.report import Plot
from runforest.evaluation.score_plots import fold_scores_plot
from runforest.figure_style import png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runforest.evaluation.scores import CrossValidation


def evaluation_plots(scores: CrossValidation) -> dict[str, Plot]:
    """Return the plots of a cross-validation by the stem of the file they belong into.

    All are drawn from out-of-fold predictions, the folds pooled. The curves are left out if the
    estimator has no scores for its classes.
    """
    plots = _class_plots(scores) if scores.kind == "classification" else _number_plots(scores)
    plots["fold_scores"] = _plot(
        fold_scores_plot(scores.fold_scores),
        title="Scores of the folds",
        caption="A dot per fold, the first on top, and a line at the mean; the wider the dots are "
        "spread, the less a single score can be relied on.",
    )
    return plots


def _class_plots(scores: CrossValidation) -> dict[str, Plot]:
    plots = {
        "confusion_matrix": _plot(
            confusion_matrix_plot(scores.target, scores.predictions, classes=scores.classes),
            title="Confusion matrix",
            caption="Each row is a true class and shows what it was predicted as; a perfect "
            "model fills the diagonal only.",
        )
    }
    if scores.class_scores is None:
        return plots
    plots["roc_curve"] = _plot(
        roc_plot(scores.target, scores.class_scores, classes=scores.classes),
        title="ROC curve",
        caption="The share of a class that is found against the share of the others that is "
        "mistaken for it; the closer to the upper left corner, the better.",
    )
    plots["precision_recall_curve"] = _plot(
        precision_recall_plot(scores.target, scores.class_scores, classes=scores.classes),
        title="Precision and recall",
        caption="The share of the predictions of a class that are right against the share of the "
        "class that is found; the closer to the upper right corner, the better.",
    )
    return plots


def _number_plots(scores: CrossValidation) -> dict[str, Plot]:
    return {
        "predicted_actual": _plot(
            predicted_actual_plot(scores.target, scores.predictions),
            title="Predicted and actual",
            caption="A point per row; a perfect model puts all of them on the line.",
        ),
        "residuals": _plot(
            residual_plot(scores.target, scores.predictions),
            title="Residuals",
            caption="What the prediction missed, against the prediction; points above zero were "
            "predicted too low, and a bent median line means something was not learned.",
        ),
    }


def _plot(figure: Figure, *, title: str, caption: str) -> Plot:
    return Plot(title=title, caption=caption, png=png_bytes(figure))
