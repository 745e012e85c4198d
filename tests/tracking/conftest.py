"""A run whose journal the tests write, recorded in a real store: a SQLite file or a server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from runforest.run.active import Run, RunSettings
from runforest.tracking.lifecycle.open_close import close_run, open_run
from runforest.tracking.recorder.thread import Recorder
from runforest.tracking.store.connect import connect
from tests.conftest import CLEARED, Project, answers, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

    from runforest.tracking.lifecycle.open_close import OpenedRun

STARTED_MS = 1_700_000_000_000


@contextmanager
def serving(
    folder: Path, *options: str, n_workers: int = 1, port: int = 0
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve an MLflow store of its own, with artifacts behind the server, while the block runs."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = Project(folder).full_environment()
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", str(n_workers)),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", f"sqlite:///{folder / 'server.db'}"),
                *("--artifacts-destination", str(folder / "remote")),
                *options,
            ],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(url), timeout_s=90)
        yield url, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[str]:
    """Return the address of a tracking server that keeps artifacts itself."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy2(empty_store, folder / "server.db")
    with serving(folder) as (url, _):
        yield url


def trial(number: int, uid: str = "", **fields: object) -> dict[str, object]:
    """Return the journal's fields of a finished trial; those of equal numbers are equal."""
    scores = [0.5 + number / 100, 0.7, 0.6]
    made = {
        "task": "Tuner",
        "uid": uid or f"{number:012x}",
        "study": "",
        "number": number,
        "params": {"depth": number, "rate": 0.1, "kind": "a"},
        "state": "complete",
        "value": sum(scores) / 3,
        "std": 0.1,
        "fold_scores": scores,
        "objective": "accuracy",
        "further": {},
        "started_ms": STARTED_MS + number,
        "duration_s": 2.5,
        "reason": None,
        "is_earlier": False,
    }
    return made | fields


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run of a store, the journal that tells of it, and what the store says."""

    client: MlflowClient
    project: Path
    opened: OpenedRun
    run: Run

    def tell(self, event: str, content: dict[str, object]) -> None:
        """Append a line to the journal, whatever stands in it."""
        line = {"event": event, "timestamp_ms": time.time_ns() // 1_000_000} | content
        with self.run.journal_path.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(line) + "\n")

    def tell_trials(self, *trials: dict[str, object]) -> None:
        """Append finished trials to the journal."""
        for one in trials:
            self.tell("trial", one)

    def recorder(self) -> Recorder:
        """Return a recorder of the journal from its beginning."""
        return Recorder(self.client, self.run, self.opened)

    def record(self) -> None:
        """Record the journal; raise what could not be."""
        self.recorder().close()

    def end(self, status: str) -> None:
        """Give the run its final status."""
        close_run(self.client, self.opened, status)

    def children(self) -> list[MlflowRun]:
        """Return its child runs, by name."""
        query = f"tags.`mlflow.parentRunId` = '{self.opened.run_id}'"
        found = self.client.search_runs([self.opened.experiment_id], query)
        return sorted(found, key=lambda child: child.info.run_name)

    def names(self) -> list[str]:
        """Return the names of its child runs, sorted."""
        return [child.info.run_name for child in self.children()]


@dataclass(frozen=True, kw_only=True)
class Records:
    """A project with a store, in which runs can be opened."""

    client: MlflowClient
    project: Path
    experiment: str

    def open(self) -> RecordedRun:
        """Open a run."""
        opened = open_run(self.client, self.project, self.experiment)
        folder = opened.folder_in(self.project)
        run = Run(folder, RunSettings(project=str(self.project), run_id=opened.run_id))
        run.save()
        return RecordedRun(client=self.client, project=self.project, opened=opened, run=run)


@pytest.fixture
def clear_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test set MLflow's variables; those that it finds come back."""
    before = dict(os.environ)
    for key in [key for key in os.environ if key.startswith(CLEARED)]:
        if key != "LUIGI_CONFIG_PARSER":
            monkeypatch.delenv(key)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.slow)])
def records(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> Records:
    """Return a project with an empty experiment, on each kind of store."""
    request.getfixturevalue("clear_environment")
    if request.param == "server":
        uri = request.getfixturevalue("server")
    else:
        (tmp_path / "mlruns").mkdir()
        shutil.copy2(empty_store, tmp_path / "mlruns" / "mlflow.db")
        uri = f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"
    experiment = f"records-{uuid.uuid4().hex[:8]}"
    return Records(client=connect(uri, tmp_path), project=tmp_path, experiment=experiment)


local = pytest.mark.parametrize("records", ["sqlite"], indirect=True)
"""For what is a matter of the local store alone."""

on_server = pytest.mark.parametrize(
    "records", [pytest.param("server", marks=pytest.mark.slow)], indirect=True
)
"""For what is a matter of a server alone."""
