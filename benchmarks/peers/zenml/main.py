"""The pipeline as ZenML steps inside one MLflow run."""

# ZenML reads the annotations of its steps, so they have to be objects, not text.

import uuid
from pathlib import Path
from typing import Annotated

import mlflow
import pandas as pd
import yaml
from sklearn.pipeline import Pipeline
from steps import fit_pipeline, log_sources, predict_rows, read_tables, save_model
from zenml import pipeline, step


@step
def preprocess() -> tuple[Annotated[pd.DataFrame, "train"], Annotated[pd.DataFrame, "test"]]:
    """Return both tables."""
    train, test = read_tables()
    return train, test  # ZenML counts the outputs in this line


@step
def fit(train: pd.DataFrame, seed: int) -> Pipeline:
    """Return the fitted pipeline, logged as a model."""
    estimator = fit_pipeline(train, seed)
    folder = Path("out") / uuid.uuid4().hex
    save_model(estimator, train, folder)
    mlflow.log_artifacts(str(folder), "model")
    return estimator


@step
def predict(estimator: Pipeline, test: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions, logged as a file."""
    predictions = predict_rows(estimator, test)
    predictions.to_csv("out/test_prediction.csv", index=False)
    mlflow.log_artifact("out/test_prediction.csv")
    return predictions


@pipeline
def titanic(seed: int) -> None:
    """Wire the steps."""
    train, test = preprocess()
    predict(fit(train, seed), test)


if __name__ == "__main__":
    Path("out").mkdir(exist_ok=True)
    configured = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["seed"]
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run(description="benchmark"):
        log_sources(configured)
        titanic(seed=configured)
