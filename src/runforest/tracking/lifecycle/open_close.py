"""Opening and closing a run: one owner of its status."""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.errors import StoreError
from runforest.layout import Layout
from runforest.tracking.lifecycle.liveness import hold_lock
from runforest.tracking.lifecycle.opened_run import OpenedRun
from runforest.tracking.store.database import add_rows, writable_store
from runforest.tracking.store.names import safe_params
from runforest.tracking.store.uri import StoreUri, artifact_uri
from runforest.tracking.tags import (
    COMMIT_TAG,
    DIRTY_TAG,
    EXPERIMENT_KIND_TAG,
    GIT_PROBLEM_TAG,
    KILLED_NAME,
    NAME_TAG,
    NOTE_TAG,
    PARENT_TAG,
    PROCESS_TAG,
    PROJECT_TAG,
    ROLE_TAG,
    RUNNING_NAME,
    SOURCE_TAG,
    SOURCE_TYPE_TAG,
    USER_TAG,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient


DIGEST_LENGTH = 36
"""MLflow cuts a digest to so many characters; the manifest of the reading task has all."""

# Without it the page opens on views for language models.
_EXPERIMENT_TAGS = {EXPERIMENT_KIND_TAG: "custom_model_development"}


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What is known of a run before it is opened."""

    project: Path
    experiment_name: str
    run_name: str = ""
    description: str = ""
    commit: str = ""
    is_dirty: bool = False
    git_problem: str = ""
    params: dict[str, str] = field(default_factory=dict)


def open_run(client: MlflowClient, request: RunRequest) -> OpenedRun:
    """Create the run, RUNNING, with its tags and parameters.

    Raises
    ------
    StoreError
        The experiment was deleted, or the store refuses.
    """
    experiment_id = _experiment_id(client, request)
    lock = hold_lock(request.project)
    try:
        run = client.create_run(
            experiment_id,
            start_time=time.time_ns() // 1_000_000,
            run_name=request.run_name or None,
            tags=_tags(request) | {PROCESS_TAG: lock.name},
        )
    except BaseException:
        lock.unlink()
        raise
    opened = OpenedRun.of(run, lock)
    with closed_on_error(client, opened):
        log_params(client, opened.run_id, request.params)
    return opened


def log_params(client: MlflowClient, run_id: str, params: dict[str, str]) -> None:
    """Record parameters of any number and length; over-long values are cut visibly."""
    from mlflow.entities import Param

    store = writable_store(client)
    rows = [Param(name, value) for name, value in safe_params(params).items()]
    if store:
        add_rows(store, run_id, params=rows)
    else:
        client.log_batch(run_id, params=rows)


def log_dataset(
    client: MlflowClient, run_id: str, file: Path, *, role: str, sha256: str, size: dict[str, int]
) -> None:
    """Record an input file of a run: its role (`train`, `test`), digest and size.

    MLflow's own way, `from_pandas`, takes minutes of CPU for large tables and digests only the
    first 10,000 rows.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=file.name,
        digest=sha256[:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": str(file)}),
        profile=json.dumps(size),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, tags=[InputTag(ROLE_TAG, role)])])


def close_run(client: MlflowClient, opened: OpenedRun, status: str) -> None:
    """Give the run and those of its children that are still open their final status.

    Parameters
    ----------
    status
        FINISHED, FAILED or KILLED.
    """
    query = f"tags.`{PARENT_TAG}` = '{opened.run_id}' and attributes.status = 'RUNNING'"
    for child in client.search_runs([opened.experiment_id], query):
        if child.info.run_name == RUNNING_NAME:
            client.set_tag(child.info.run_id, NAME_TAG, KILLED_NAME)
        client.set_terminated(child.info.run_id, "KILLED")
    client.set_terminated(opened.run_id, status)
    opened.lock.unlink(missing_ok=True)


@contextmanager
def closed_on_error(client: MlflowClient, opened: OpenedRun) -> Iterator[None]:
    """Close a run when the block ends by an exception: KILLED by an interrupt, else FAILED."""
    try:
        yield
    except BaseException as error:  # whatever ends the block ends the run
        is_interrupt = isinstance(error, KeyboardInterrupt)
        close_run(client, opened, "KILLED" if is_interrupt else "FAILED")
        raise


def _experiment_id(client: MlflowClient, request: RunRequest) -> str:
    from mlflow.exceptions import MlflowException

    name = request.experiment_name
    found = client.get_experiment_by_name(name)
    if found is None:
        is_remote = StoreUri(client.tracking_uri).is_server
        location = None if is_remote else artifact_uri(Layout(request.project).experiment(name))
        try:
            return str(
                client.create_experiment(name, artifact_location=location, tags=_EXPERIMENT_TAGS)
            )
        except MlflowException as error:
            found = client.get_experiment_by_name(name)
            if found is None:
                message = f'experiment "{name}" cannot be created: {error}. Choose another name.'
                raise StoreError(message) from error
    if found.lifecycle_stage == "deleted":
        message = (
            f'[RunConfig] experiment_name: "{name}" was deleted and keeps its name. Restore it '
            f"with `mlflow experiments restore -x {found.experiment_id}`, or choose another name."
        )
        raise StoreError(message)
    return str(found.experiment_id)


def _tags(request: RunRequest) -> dict[str, str]:
    tags = {
        USER_TAG: _user(),
        SOURCE_TAG: str(Path(sys.argv[0]).resolve()),
        SOURCE_TYPE_TAG: "LOCAL",
        NOTE_TAG: request.description,
        PROJECT_TAG: str(request.project),
        COMMIT_TAG: request.commit,
        DIRTY_TAG: str(request.is_dirty).lower() if request.commit else "",
        GIT_PROBLEM_TAG: request.git_problem,
    }
    return {key: value for key, value in tags.items() if value}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        return str(os.getuid())
