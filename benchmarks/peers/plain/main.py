"""The pipeline as a plain script: each function called once, everything logged, nothing reused."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
from steps import fit_pipeline, log_sources, predict_rows, read_tables, save_model

if __name__ == "__main__":
    seed = json.loads(Path("config.json").read_text(encoding="utf-8"))["seed"]
    out = Path("out")
    out.mkdir(exist_ok=True)
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run(description="benchmark") as run:
        log_sources(seed)
        train, test = read_tables()
        train.to_parquet(out / "train.parquet", index=False)
        test.to_parquet(out / "test.parquet", index=False)
        pipeline = fit_pipeline(train, seed)
        save_model(pipeline, train, out / run.info.run_id)
        predict_rows(pipeline, test).to_csv(out / "test_prediction.csv", index=False)
        for name in ("train.parquet", "test.parquet", "test_prediction.csv"):
            mlflow.log_artifact(str(out / name))
        mlflow.log_artifacts(str(out / run.info.run_id), "model")
