"""Experiment: all there is to do."""

from __future__ import annotations

from runforest import WrapperRunTask, requires
from tasks.evaluator import Evaluator
from tasks.prediction import Prediction


@requires(Evaluator, Prediction)
class Experiment(WrapperRunTask):
    """Evaluate the model and predict the test rows."""
