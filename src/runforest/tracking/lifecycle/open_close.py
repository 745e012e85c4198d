"""Opening and closing a run of the tracking store: one owner of its status."""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.errors import StoreError
from runforest.foundation.layout import Layout
from runforest.tracking.lifecycle.liveness import hold_lock
from runforest.tracking.store.database import log_rows
from runforest.tracking.store.names import safe_params
from runforest.tracking.store.uri import StoreUri, artifact_uri, local_path
from runforest.tracking.tags import (
    EXPERIMENT_KIND_TAG,
    KILLED_NAME,
    NAME_TAG,
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
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

DIGEST_LENGTH = 36
"""MLflow cuts a digest to so many characters; the manifest of the reading task has all."""


@dataclass(frozen=True, kw_only=True)
class OpenedRun:
    """A run in the tracking store; `lock` is the file of its process, removed when it is closed."""

    run_id: str
    name: str
    experiment_id: str
    artifact_uri: str
    lock: Path

    @classmethod
    def of(cls, run: MlflowRun, lock: Path) -> OpenedRun:
        """Return a run of MLflow as plain values."""
        return cls(
            run_id=run.info.run_id,
            name=run.info.run_name,
            experiment_id=run.info.experiment_id,
            artifact_uri=run.info.artifact_uri,
            lock=lock,
        )

    @property
    def local_folder(self) -> Path | None:
        """Folder that holds `artifacts/`, None when artifacts have to be uploaded."""
        artifacts = local_path(self.artifact_uri)
        return artifacts.parent if artifacts else None

    def folder_in(self, project: Path) -> Path:
        """Return the run's folder on this machine."""
        return self.local_folder or Layout(project).remote_runs / self.run_id


def open_run(
    client: MlflowClient,
    project: Path,
    experiment: str,
    *,
    name: str = "",
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> OpenedRun:
    """Create a run, RUNNING, with its parameters and those of its tags that have a value.

    Over-long values are cut visibly.

    Raises
    ------
    StoreError
        The experiment was deleted, or the store refuses.
    """
    from mlflow.entities import Param

    experiment_id = _experiment_id(client, project, experiment)
    all_tags = {
        USER_TAG: _user(),
        SOURCE_TAG: str(Path(sys.argv[0]).resolve()),
        SOURCE_TYPE_TAG: "LOCAL",
        PROJECT_TAG: str(project),
        **(tags or {}),
    }
    lock = hold_lock(project)
    try:
        run = client.create_run(
            experiment_id,
            start_time=time.time_ns() // 1_000_000,
            run_name=name or None,
            tags={key: value for key, value in all_tags.items() if value}
            | {PROCESS_TAG: lock.name},
        )
    except BaseException:  # an interrupt too: a lock of no run would stay
        lock.unlink()
        raise
    opened = OpenedRun.of(run, lock)
    with closed_on_error(client, opened):
        rows = [Param(*item) for item in safe_params(params or {}).items()]
        log_rows(client, opened.run_id, params=rows)
    return opened


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
    """Give the run its final status, FINISHED, FAILED or KILLED; KILLED to children still open."""
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


def _experiment_id(client: MlflowClient, project: Path, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        is_remote = StoreUri(client.tracking_uri).is_server
        location = None if is_remote else artifact_uri(Layout(project).experiment(name))
        # Without it the page opens on views for language models.
        tags = {EXPERIMENT_KIND_TAG: "custom_model_development"}
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=tags))
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        return str(os.getuid())
