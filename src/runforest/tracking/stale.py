"""Closing runs whose process died without closing them."""

from __future__ import annotations

import logging
import shutil
import socket
from typing import TYPE_CHECKING

from runforest.results import ResultIndex
from runforest.tracking.process import is_alive
from runforest.tracking.runs import OpenedRun, close_run

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def close_stale_runs(client: MlflowClient, project: Path) -> list[str]:
    """Close as KILLED the runs that dead processes of this host left RUNNING.

    Their staging folders go too. Committed results stay, since their manifests vouch for them, and
    are made known in case the process died in between.

    Returns
    -------
    run_ids
        The runs that were closed.
    """
    closed = []
    index = ResultIndex(project / "mlruns")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    query = (
        f"attributes.status = 'RUNNING' and tags.`mlflow.runforest.host` = '{socket.gethostname()}'"
    )
    for run in client.search_runs(experiments, query):
        if is_alive(run.data.tags.get("mlflow.runforest.process", "0@0")):
            continue
        close_run(client, run.info.run_id, "KILLED")
        opened = OpenedRun(
            run_id=run.info.run_id,
            name=run.info.run_name,
            experiment_id=run.info.experiment_id,
            artifact_uri=run.info.artifact_uri,
        )
        folder = opened.local_folder or project / "mlruns" / "remote" / opened.run_id
        shutil.rmtree(folder / "staging", ignore_errors=True)
        index.add_all(folder / "artifacts")
        logger.info("Closed run %s, which a killed process had left open.", run.info.run_name)
        closed.append(run.info.run_id)
    return closed
