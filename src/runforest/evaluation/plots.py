"""The plots that suit a cross-validated pipeline, each with the sentence that explains it."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.evaluation.confusion import confusion_matrix_plot
from runforest.evaluation.curves import precision_recall_plot, roc_plot
from runforest.evaluation.score_plots import fold_scores_plot, predicted_actual_plot, residual_plot
from runforest.figure_fonts import draw_png, png_description

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runforest.evaluation.scores import CrossValidation

TITLES = {
    "roc_curve": "ROC curve",
    "precision_recall_curve": "Precision and recall",
    "predicted_actual": "Predicted and actual",
    "fold_scores": "Scores of the folds",
}
CAPTIONS = {
    "confusion_matrix": "Each row is a true class and shows what it was predicted as; a perfect "
    "model fills the diagonal only.",
    "roc_curve": "The share of a class that is found against the share of the others that is "
    "mistaken for it; the closer to the upper left corner, the better.",
    "precision_recall_curve": "The share of the predictions of a class that are right against the "
    "share of the class that is found; the closer to the upper right corner, the better.",
    "predicted_actual": "A point per row; a perfect model puts all of them on the line.",
    "residuals": "What the prediction missed, against the prediction; points above zero were "
    "predicted too low, and a bent median line means something was not learned.",
    "fold_scores": "A dot per fold, the first on top, and a line at the mean; the wider the dots "
    "are spread, the less a single score can be relied on.",
    "history": "A point per trial, and a line at the best so far.",
    "importances": "How much of the differences between trials each parameter explains.",
    "slices": "Each parameter against the score; look for where the best points gather.",
    "pareto_front": "A trial of the front can be improved in one objective only at the cost of "
    "another.",
    "parallel_coordinates": "A line per trial across all parameters; the darker, the better.",
}
"""Name of a plot, of the evaluation or of a study -> how to read it."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture with its heading and one sentence that says how to read it."""

    title: str
    caption: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the PNG's header states them."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height

    @property
    def data_uri(self) -> str:
        """The picture as an address that holds it."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def explained(name: str, png: bytes) -> Plot:
    """Return a plot with its heading and its caption."""
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    numbered = png_description(png)
    names = f" Without a font for their letters: {numbered}." if numbered else ""
    return Plot(title=title, caption=CAPTIONS.get(name, "") + names, png=png)


def evaluation_plots(scores: CrossValidation) -> dict[str, Plot]:
    """Return the plots of a cross-validation by the stem of the file they belong into.

    All are drawn from out-of-fold predictions, the folds pooled. The curves are left out if the
    estimator has no scores for its classes.
    """
    target, predictions, classes = scores.target, scores.predictions, scores.classes
    figures: dict[str, Figure] = {}
    if classes:
        figures["confusion_matrix"] = confusion_matrix_plot(target, predictions, classes=classes)
    else:
        figures["predicted_actual"] = predicted_actual_plot(target, predictions)
        figures["residuals"] = residual_plot(target, predictions)
    if (found := scores.class_scores) is not None:
        figures["roc_curve"] = roc_plot(target, found, classes=classes)
        figures["precision_recall_curve"] = precision_recall_plot(target, found, classes=classes)
    figures["fold_scores"] = fold_scores_plot(scores.fold_scores)
    return {name: explained(name, draw_png(figure)) for name, figure in figures.items()}
