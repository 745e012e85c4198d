"""Trials of the tuner as child runs, three requests each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.tracking.names import safe_name, shortened

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from runforest.journal import Entry
    from runforest.tracking.runs import OpenedRun

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def record_trial(client: MlflowClient, parent: OpenedRun, trial: Entry) -> str:
    """Record a finished trial as a child run and return its run id.

    The terminal status comes last: a child run that has one is complete.
    """
    from mlflow.entities import Metric, Param

    started_ms = int(str(trial["started_ms"]))
    ended_ms = started_ms + round(1000 * float(str(trial["duration_s"])))
    number = int(str(trial["number"]))
    tags = {
        "mlflow.parentRunId": parent.run_id,
        "mlflow.runforest.trial": f"{trial['task']}:{number}",
        **({"reason": shortened(str(trial["reason"]))} if trial.get("reason") else {}),
    }
    run = client.create_run(
        parent.experiment_id, start_time=started_ms, tags=tags, run_name=f"trial {number}"
    )
    params = dict(trial["params"])  # type: ignore[call-overload]
    metrics = [
        Metric("fold_score", score, ended_ms, fold)
        for fold, score in enumerate(list(trial["fold_scores"]))  # type: ignore[call-overload]
    ]
    for name, key in (("score", "value"), ("score_std", "std")):
        if trial.get(key) is not None:
            metrics.append(Metric(name, float(str(trial[key])), ended_ms, 0))
    client.log_batch(
        run.info.run_id,
        metrics=metrics,
        params=[Param(safe_name(name), shortened(str(value))) for name, value in params.items()],
    )
    client.set_terminated(run.info.run_id, STATUS[str(trial["state"])], end_time=ended_ms)
    return str(run.info.run_id)
