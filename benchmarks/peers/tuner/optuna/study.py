"""A study of a trivial objective: `study.py HOW SAMPLER N_TRIALS URI EXPERIMENT RESULT.json`.

HOW is "untracked", "callback" (Optuna's MLflowCallback, nested in a parent) or "nested"
(`mlflow.start_run(nested=True)` in the objective).
"""

import json
import sys
import time
import warnings
from pathlib import Path

import optuna

SAMPLERS = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
NAMES = "abcd"


def score(trial: optuna.Trial) -> float:
    """Return what the trial's four parameters are worth."""
    return -sum((trial.suggest_float(name, 0.0, 1.0) - 0.5) ** 2 for name in NAMES)


def score_in_run(trial: optuna.Trial) -> float:
    """Do the same, in a run below the current one."""
    import mlflow

    with mlflow.start_run(nested=True, run_name=f"trial {trial.number}"):
        value = score(trial)
        mlflow.log_params(trial.params)
        mlflow.log_metric("score", value)
    return value


def tracked(study: optuna.Study, how: str, n_trials: int, uri: str, experiment: str) -> None:
    """Run the trials as children of a run."""
    import mlflow
    from optuna_integration.mlflow import MLflowCallback

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The callback is deprecated.
        callback = MLflowCallback(
            tracking_uri=uri,
            metric_name="score",
            create_experiment=False,
            mlflow_kwargs={"nested": True},
        )
    with mlflow.start_run():
        if how == "callback":
            study.optimize(score, n_trials=n_trials, callbacks=[callback])
        else:
            study.optimize(score_in_run, n_trials=n_trials)


def main(arguments: list[str]) -> None:
    """Run the study; untracked, write when its trials ended."""
    how, sampler, n_trials, uri, experiment, result = arguments
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=SAMPLERS[sampler](seed=0))
    if how != "untracked":
        tracked(study, how, int(n_trials), uri, experiment)
        return
    started = time.time()
    ended: list[float] = []
    study.optimize(score, int(n_trials), callbacks=[lambda *_: ended.append(time.time())])
    Path(result).write_text(json.dumps({"started": started, "ended": ended}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
