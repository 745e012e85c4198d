"""The pipeline as DVC stages, a process each; the training stage has the MLflow run."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from steps import fit_pipeline, log_sources, predict_rows, read_tables, save_model

OUT = Path("out")


def preprocess() -> None:
    """Write both tables."""
    train, test = read_tables()
    train.to_parquet(OUT / "train.parquet", index=False)
    test.to_parquet(OUT / "test.parquet", index=False)


def train() -> None:
    """Fit, save and log the pipeline."""
    import mlflow
    import yaml

    seed = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["seed"]
    table = pd.read_parquet(OUT / "train.parquet")
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run(description="benchmark"):
        log_sources(seed)
        save_model(fit_pipeline(table, seed), table, OUT / "model")
        mlflow.log_artifacts(str(OUT / "model"), "model")


def predict() -> None:
    """Write the predictions."""
    import mlflow.sklearn

    pipeline = mlflow.sklearn.load_model(str(OUT / "model"))
    predictions = predict_rows(pipeline, pd.read_parquet(OUT / "test.parquet"))
    predictions.to_csv(OUT / "test_prediction.csv", index=False)


if __name__ == "__main__":
    {"preprocess": preprocess, "train": train, "predict": predict}[sys.argv[1]]()
