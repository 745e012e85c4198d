"""Closing runs whose process died without closing them."""

from __future__ import annotations

import logging
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from runforest.errors import StoreError
from runforest.results.index import ResultIndex
from runforest.tracking.lifecycle.liveness import is_alive
from runforest.tracking.lifecycle.open_close import close_run
from runforest.tracking.lifecycle.opened_run import OpenedRun
from runforest.tracking.recorder.replay import replay_journal
from runforest.tracking.store.failures import first_line, outage_told
from runforest.tracking.tags import HOST_TAG, PROCESS_TAG, PROJECT_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

logger = logging.getLogger(__name__)

_LEFT_OPEN = "Run %s, which a killed process left open, is left to the next start: %s"


def close_stale_runs(client: MlflowClient, project: Path) -> list[str]:
    """Close as KILLED the runs that dead processes of this host left RUNNING.

    What stands in their journals is recorded first; so those of another project, which alone has
    them, are left to its next start while it exists, as are all when the store fails meanwhile.
    Their staging folders go. Committed results stay, since their manifests vouch for them, and are
    made known in case the process died in between.

    Returns
    -------
    run_ids
        The runs that were closed.
    """
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    query = f"attributes.status = 'RUNNING' and tags.`{HOST_TAG}` = '{socket.gethostname()}'"
    stale = [
        run.info.run_id
        for run in client.search_runs(experiments, query)
        if not is_alive(run.data.tags.get(PROCESS_TAG, "0@0")) and _is_ours(run, project)
    ]
    if not stale:
        return []
    closed = []
    with FileLock(project / "mlruns" / "stale.lock"):  # two that record a journal would do so twice
        for run in map(client.get_run, stale):
            if run.info.status != "RUNNING":
                continue
            try:
                _close(client, project, run)
            except StoreError as error:
                logger.warning(_LEFT_OPEN, run.info.run_name, first_line(error))
                break
            closed.append(run.info.run_id)
    return closed


def _is_ours(run: MlflowRun, project: Path) -> bool:
    """Return whether a run is of this project or a copied one, or of none that still exists."""
    home = run.data.tags.get(PROJECT_TAG)
    if home is None or Path(home) == project or not _is_there(Path(home)):
        return True
    folder = OpenedRun.of(run).local_folder
    return folder is not None and folder.is_relative_to(project)


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except PermissionError:  # below a folder of another user
        return True


def _close(client: MlflowClient, project: Path, run: MlflowRun) -> None:
    opened = OpenedRun.of(run)
    folder = opened.local_folder or project / "mlruns" / "remote" / opened.run_id
    with outage_told(folder / "artifacts"):
        replay_journal(client, opened, folder / "journal.jsonl")
    close_run(client, opened, "KILLED")
    shutil.rmtree(folder / "staging", ignore_errors=True)
    ResultIndex(project / "mlruns").add_all(folder / "artifacts")
    logger.info("Closed run %s, which a killed process had left open.", opened.name)
