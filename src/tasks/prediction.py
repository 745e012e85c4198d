"""Prediction: the model's answers for the test table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest import Problem, RunTask, load_model
from runforest.foundation.parameters import IdParameter, TargetParameter
from runforest.model.folds import feature_columns
from tasks.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from sklearn.base import BaseEstimator

    from runforest import Artifact


class Prediction(RunTask):
    """Predict the target of every test row; classes as they are spelt in the training data."""

    target = TargetParameter()
    id = IdParameter()

    def requires(self) -> dict[str, RunTask]:
        """Return the task of the tables and the trainer."""
        trainer = self.need(Trainer)
        return {"tables": trainer.requires()["tables"], "trainer": trainer}

    def problems(self) -> Iterator[Problem]:
        """Return that there is nothing to predict."""
        if not self.active_run.settings.dataset.has_test:
            message = "there is no test file to predict. Name one, or run the task Evaluator."
            yield Problem(where="[Dataset]", key="test", message=message)
        elif "test" not in self.requires()["tables"].output():
            table = self.requires()["tables"].get_task_family()
            message = f"{table} has no output test, which is to be predicted. Add it to output()."
            yield Problem(where="[Trainer]", key="tables", message=message)

    def output(self) -> Artifact:
        """Return the predictions: id and target, in the order of the test file."""
        return self.artifact("test_prediction.csv")

    def compute(self) -> None:
        """Predict and write."""
        test = self.input()["tables"]["test"].load()
        model = load_model(self.input()["trainer"]["model"].path)
        self.output().save(predict_rows(model, test, target=self.target, id_column=self.id))


def predict_rows(
    model: BaseEstimator, test: pd.DataFrame, *, target: str, id_column: str
) -> pd.DataFrame:
    """Return a table of id and prediction; rows are numbered from 0 without an id column.

    Parameters
    ----------
    model
        Fitted pipeline; it picks its columns by name.
    test : (n_rows, n_columns) frame
        Rows to predict, the id among the columns.
    """
    features = feature_columns(test, id_column, target)
    ids = test[id_column] if id_column else range(len(test))
    answers = features.iloc[:, :0].assign(**{id_column or "row": ids})
    answers[target] = model.predict(features)
    return answers
