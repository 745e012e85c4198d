"""The pipeline as gokart tasks inside one MLflow run."""

from __future__ import annotations

from pathlib import Path

import gokart
import luigi
import mlflow
from steps import RAW_FILES, fit_pipeline, log_sources, predict_rows, read_tables, save_model


class Preprocessor(gokart.TaskOnKart):
    """Both tables."""

    train_file = luigi.Parameter()
    test_file = luigi.Parameter()

    def output(self) -> dict[str, object]:
        """Return the targets of both tables."""
        return {name: self.make_target(f"{name}.parquet") for name in RAW_FILES}

    def run(self) -> None:
        """Read and log both tables."""
        train, test = read_tables()
        for name, table in (("train", train), ("test", test)):
            self.dump(table, name)
            mlflow.log_artifact(self.output()[name].path())


class Trainer(gokart.TaskOnKart):
    """The fitted pipeline."""

    seed = luigi.IntParameter()

    def requires(self) -> Preprocessor:
        """Return the task of the tables."""
        return Preprocessor()

    def output(self) -> object:
        """Return the target of the pipeline."""
        return self.make_target("model.pkl")

    def run(self) -> None:
        """Fit, save and log the pipeline."""
        train = self.load("train")
        pipeline = fit_pipeline(train, self.seed)
        folder = Path("out") / self.make_unique_id()
        save_model(pipeline, train, folder)
        mlflow.log_artifacts(str(folder), "model")
        self.dump(pipeline)


class Prediction(gokart.TaskOnKart):
    """The predictions."""

    def requires(self) -> dict[str, gokart.TaskOnKart]:
        """Return the tasks of the tables and of the pipeline."""
        return {"tables": Preprocessor(), "model": Trainer()}

    def output(self) -> object:
        """Return the target of the predictions."""
        return self.make_target("test_prediction.csv")

    def run(self) -> None:
        """Predict and log."""
        self.dump(predict_rows(self.load("model"), self.load("tables")["test"]))
        mlflow.log_artifact(self.output().path())


if __name__ == "__main__":
    gokart.add_config("param.ini")
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    task = Prediction()
    with mlflow.start_run(description="benchmark"):
        log_sources(Trainer().seed)
        gokart.build(task)
