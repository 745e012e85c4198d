"""Opening the run of an experiment: everything that is recorded before the first task."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.effective import toml_text
from runforest.fingerprint.ingredients import digest_cache
from runforest.foundation.errors import StoreError
from runforest.foundation.layout import CONFIG_NAME
from runforest.foundation.redact import redact, redact_all
from runforest.launch.experiment.pins import local_pins
from runforest.provenance.git import read_commit
from runforest.provenance.snapshot import Snapshot, write_snapshot
from runforest.run.active import Run
from runforest.tracking.exchange.upload import upload_files
from runforest.tracking.lifecycle.open_close import (
    closed_on_error,
    log_dataset,
    open_run,
)
from runforest.tracking.recorder.stale_runs import close_stale_runs
from runforest.tracking.store.connect import connect
from runforest.tracking.store.failures import client_errors, store_errors
from runforest.tracking.store.uri import StoreUri, hide_password
from runforest.tracking.tags import COMMIT_TAG, DIRTY_TAG, GIT_PROBLEM_TAG, NOTE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

    from runforest.launch.experiment.load import Experiment
    from runforest.provenance.git import Commit
    from runforest.tracking.lifecycle.open_close import OpenedRun

LOCAL_PAGE = "http://localhost:5000"
"""The page of a store without a server, once `make ui` has started one."""


@dataclass(frozen=True, kw_only=True)
class OpenExperiment:
    """An experiment that has its run."""

    client: MlflowClient
    run: Run
    record: OpenedRun
    store: StoreUri
    commit: Commit


def open_experiment(experiment: Experiment) -> OpenExperiment:
    """Open the run in the tracking store and write into it all that is known already.

    Raises
    ------
    StoreError
        The store cannot be used.
    ArtifactError
        A pinned result cannot be downloaded.
    """
    project = experiment.environment.project
    client = connect(experiment.environment.tracking_uri, project)
    store = StoreUri(client.tracking_uri)
    problem = f"no run can be opened in {store.shown}"
    remedy = "Fix the tracking store and run again; nothing was computed."
    with store_errors(problem, remedy, client_errors()):
        close_stale_runs(client, project)
        pins = local_pins(
            experiment.settings.pins,
            experiment.environment,
            trusts_code=experiment.config.trust_store,
        )
        commit = read_commit(project)
        record = _open_run(experiment, client, commit)
        with _undone_on_error(client, record):
            run = _prepare_run(experiment, store, record, pins, commit)
            _record_sources(experiment, client, run, commit)
            _upload_sources(record, run)
    return OpenExperiment(client=client, run=run, record=record, store=store, commit=commit)


def _open_run(experiment: Experiment, client: MlflowClient, commit: Commit) -> OpenedRun:
    config, secrets = experiment.config, experiment.environment.secrets
    return open_run(
        client,
        experiment.environment.project,
        config.experiment_name,
        name=redact(config.run_name, secrets),
        tags={
            NOTE_TAG: redact(config.description, secrets),
            COMMIT_TAG: commit.sha,
            DIRTY_TAG: str(commit.is_dirty).lower() if commit.sha else "",
            GIT_PROBLEM_TAG: redact(commit.problem, secrets),
        },
        params={
            f"{task.folder_name}.{name}": redact(
                str(parameter.serialize(task.param_kwargs[name])), secrets
            )
            for task in experiment.tasks
            for name, parameter in task.get_params()
            if name != "active_run"
        },
    )


@contextmanager
def _undone_on_error(client: MlflowClient, record: OpenedRun) -> Iterator[None]:
    """Close the run that cannot be opened, and delete it when that is for want of its files."""
    try:
        with closed_on_error(client, record):
            yield
    except StoreError:
        client.delete_run(record.run_id)
        raise
    except OSError as error:
        client.delete_run(record.run_id)
        message = (
            f"the artifacts of a run cannot be written ({error}). Make the folder writable, or "
            "free some space."
        )
        raise StoreError(message) from error


def _prepare_run(
    experiment: Experiment, store: StoreUri, record: OpenedRun, pins: dict[str, str], commit: Commit
) -> Run:
    """Return the run with its folder, which other processes can read."""
    address = store.address if store.is_server else LOCAL_PAGE
    folder = record.folder_in(experiment.environment.project)
    settings = dataclasses.replace(
        experiment.settings,
        run_id=record.run_id,
        config_file=str(folder / CONFIG_NAME),
        page=f"{address}/#/experiments/{record.experiment_id}/runs/{record.run_id}",
        commit=commit.sha,
        is_dirty=commit.is_dirty,
        pins=pins,
    )
    run = Run(folder, settings, experiment.source)
    run.save()
    # For the workers; what [RunConfig] says, such as the description, is no business of theirs.
    tables = {
        name: redact_all(table, experiment.environment.secrets)  # those of tasks not run here
        for name, table in experiment.tables.items()
        if name != "RunConfig"
    }
    (folder / CONFIG_NAME).write_text(toml_text(tables), encoding="utf-8")
    return run


def _record_sources(experiment: Experiment, client: MlflowClient, run: Run, commit: Commit) -> None:
    environment, dataset = experiment.environment, experiment.dataset
    snapshot = Snapshot(
        project=environment.project,
        config_files=experiment.layers.files,
        settings=experiment.layers.settings,
        effective=experiment.tables,
        commit=commit,
        secrets=environment.secrets,
    )
    write_snapshot(run.artifacts, snapshot)
    if not dataset.dataset or not dataset.profile:
        return
    digests = digest_cache(environment.project)
    files = {"train": dataset.dataset.train_file, "test": dataset.dataset.test_file}
    for role, (n_rows, n_columns) in dataset.profile.sizes.items():
        file, run_id = Path(files[role]), run.settings.run_id
        size = {"num_rows": n_rows, "num_columns": n_columns}
        log_dataset(client, run_id, file, role=role, sha256=digests.digest(file), size=size)


def _upload_sources(record: OpenedRun, run: Run) -> None:
    """Upload what was written before the first task, if the store is elsewhere."""
    if record.local_folder is None:
        files = sorted(path for path in run.artifacts.rglob("*") if path.is_file())
        problem = f"files cannot be uploaded to {hide_password(record.artifact_uri)}"
        remedy = "Fix the artifact store and run again; nothing was computed."
        with store_errors(problem, remedy):
            upload_files(record.artifact_uri, run.artifacts, files)
