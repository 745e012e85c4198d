"""Closing runs whose process died without closing them."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from runforest.foundation.layout import ARTIFACTS, STAGING, Layout
from runforest.results.index import ResultIndex
from runforest.tracking.exchange.upload import upload_last_records
from runforest.tracking.lifecycle.liveness import abandoned_locks
from runforest.tracking.lifecycle.open_close import OpenedRun, close_run
from runforest.tracking.recorder.writer import replay_journal
from runforest.tracking.store.connect import find_runs
from runforest.tracking.store.failures import first_line
from runforest.tracking.tags import PROCESS_TAG

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_LEFT_OPEN = "Run %s, which a killed process left open, is left to the next start: %s"
_NOT_RECORDED = "%s parts of the journal of run %s could not be recorded: %s. It stays in %s."


def close_stale_runs(client: MlflowClient, project: Path) -> list[str]:
    """Close as KILLED the runs of this project that dead processes of this machine left RUNNING.

    What stands in their journals is recorded first; when the store fails meanwhile, they are left
    to the next start. Their staging folders go. Committed results stay, since their manifests vouch
    for them, and are made known in case the process died in between. The ids of those that were
    closed are returned.
    """
    closed = []
    for lock, is_original in abandoned_locks(project):
        opened = _find(client, lock)
        if opened is None:
            continue
        # A copied project has its runs in its copied store; those on a server are the original's.
        local = opened.local_folder
        if not (is_original or (local and local.is_relative_to(project))):
            continue
        try:
            _close(client, project, opened)
        except Exception as error:  # noqa: BLE001 - border: of whichever store's library
            logger.warning(_LEFT_OPEN, opened.name, first_line(error))
            break
        closed.append(opened.run_id)
    return closed


def _find(client: MlflowClient, lock: Path) -> OpenedRun | None:
    """Return the open run of a lock file; one without has been closed, or is of another store."""
    for run in find_runs(client, f"tags.`{PROCESS_TAG}` = '{lock.name}'"):
        if run.info.status == "RUNNING":
            return OpenedRun.of(run, lock)
        lock.unlink(missing_ok=True)
    return None


def _close(client: MlflowClient, project: Path, opened: OpenedRun) -> None:
    folder = opened.folder_in(project)
    problems = replay_journal(client, opened, folder)
    if problems:
        logger.warning(_NOT_RECORDED, len(problems), opened.name, problems[0], folder)
    if opened.local_folder is None:
        upload_last_records(opened.artifact_uri, folder / ARTIFACTS)
    close_run(client, opened, "KILLED")
    staging = folder / STAGING
    with suppress(OSError):
        # At once: what still computes there sees that its folder is gone, not that files are.
        shutil.rmtree(staging.rename(staging.with_suffix(".old")), ignore_errors=True)
    ResultIndex(Layout(project)).add_all(folder / ARTIFACTS)
    logger.info("Closed run %s, which a killed process had left open.", opened.name)
