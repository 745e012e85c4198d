"""The pipeline as a Metaflow flow, a process per step; the training step opens the MLflow run."""

from __future__ import annotations

import uuid
from pathlib import Path

import mlflow
from metaflow import FlowSpec, Parameter, step
from steps import fit_pipeline, log_sources, predict_rows, read_tables, save_model

mlflow.set_tracking_uri("sqlite:///mlflow.db")


class Titanic(FlowSpec):
    """Tables, pipeline, predictions."""

    seed = Parameter("seed", default=0)

    @step
    def start(self) -> None:
        """Read both tables."""
        self.train, self.test = read_tables()
        self.next(self.fit)

    @step
    def fit(self) -> None:
        """Fit, save and log the pipeline."""
        self.pipeline = fit_pipeline(self.train, self.seed)
        folder = Path("out") / uuid.uuid4().hex
        with mlflow.start_run(description="benchmark") as run:
            self.run_id = run.info.run_id
            log_sources(self.seed)
            save_model(self.pipeline, self.train, folder)
            mlflow.log_artifacts(str(folder), "model")
        self.next(self.end)

    @step
    def end(self) -> None:
        """Predict and log."""
        predictions = predict_rows(self.pipeline, self.test)
        predictions.to_csv("out/test_prediction.csv", index=False)
        with mlflow.start_run(run_id=self.run_id):
            mlflow.log_artifact("out/test_prediction.csv")


if __name__ == "__main__":
    Titanic()
