"""The pipeline as kedro nodes; kedro-mlflow opens the run."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from kedro.pipeline import Pipeline, node, pipeline
from steps import fit_pipeline, log_sources, predict_rows, read_tables, save_model

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline as Estimator


def preprocess(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables."""
    log_sources(seed)
    return read_tables()


def fit(train: pd.DataFrame, seed: int) -> Estimator:
    """Return the fitted pipeline, logged as a model."""
    estimator = fit_pipeline(train, seed)
    folder = Path("out") / uuid.uuid4().hex
    save_model(estimator, train, folder)
    mlflow.log_artifacts(str(folder), "model")
    return estimator


def register_pipelines() -> dict[str, Pipeline]:
    """Return the one pipeline."""
    nodes = [
        node(preprocess, "params:seed", ["train", "test"]),
        node(fit, ["train", "params:seed"], "model"),
        node(predict_rows, ["model", "test"], "prediction"),
    ]
    return {"__default__": pipeline(nodes)}
