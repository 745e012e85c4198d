"""A sweep over a trivial objective, each trial a run of MLflow unless `uri` is empty.

`sweep.py --multirun uri=URI experiment=NAME hydra.sweeper.n_trials=N hydra/sweeper/sampler=tpe`
appends to times.txt when a trial began and when its work ended.
"""

import functools
import time
from pathlib import Path

import hydra
import mlflow
from hydra.utils import to_absolute_path
from omegaconf import DictConfig

NAMES = "abcd"


@functools.cache
def connect(uri: str, experiment: str) -> None:
    """Choose the store and the experiment, once for all trials."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def objective(config: DictConfig) -> float:
    """Return what the trial's four parameters are worth."""
    began = time.time()
    params = {name: config[name] for name in NAMES}
    score = -sum((value - 0.5) ** 2 for value in params.values())
    if config.uri:
        connect(config.uri, config.experiment)
        with mlflow.start_run():
            mlflow.log_params(params)
            mlflow.log_metric("score", score)
    with Path(to_absolute_path("times.txt")).open("a", encoding="utf-8") as file:
        file.write(f"{began} {time.time()}\n")
    return score


if __name__ == "__main__":
    objective()
