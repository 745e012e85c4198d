"""Experiment: all there is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest import WrapperRunTask
from tasks.evaluator import Evaluator
from tasks.prediction import Prediction

if TYPE_CHECKING:
    from runforest import RunTask


class Experiment(WrapperRunTask):
    """Evaluate the model and predict the test rows, if there are any."""

    def requires(self) -> list[RunTask]:
        """Return what evaluates, and what predicts where there is a test file."""
        tasks = (
            [Evaluator, Prediction] if self.active_run.settings.dataset.has_test else [Evaluator]
        )
        return [self.need(task) for task in tasks]
