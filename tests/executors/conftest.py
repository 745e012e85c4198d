"""Real Dask clusters: programs in empty folders that know nothing of the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from runforest.executors import open_executor
from tests.conftest import CLEARED, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path


@dataclass
class DaskCluster:
    """A scheduler and its workers, each a program in a folder of its own.

    `prefix` comes before each command line of a worker.
    """

    folder: Path
    host: str = "127.0.0.1"
    worker_prefix: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    address: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_scheduler(self) -> None:
        """Start a scheduler and wait until it has an address."""
        file = self.folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", self.host, "--port", "0", "--scheduler-file", str(file)
        )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker process without a nanny, so that a killed one stays dead."""
        place = () if self.worker_prefix else ("--host", self.host)
        arguments = (self.address, "--nthreads", "1", "--no-nanny", *place, *options)
        worker = self._start("worker", *arguments, prefix=self.worker_prefix)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """Kill all programs."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def log(self) -> str:
        """Return what the programs said."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*/log")))

    def _start(
        self, program: str, *arguments: str, prefix: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        folder = self.folder / f"{program}-{len(self.workers)}"
        folder.mkdir(parents=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(CLEARED)}
        module = f"distributed.cli.dask_{program}"
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-P", "-m", module, "--no-dashboard", *arguments],
                cwd=folder,
                env={**kept, "TMPDIR": str(folder), **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Return a cluster of two workers that tests leave as they found it."""
    cluster = DaskCluster(tmp_path_factory.mktemp("cluster"))
    cluster.start_scheduler()
    for _ in range(2):
        cluster.start_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """Return a cluster of one test's own: a scheduler without workers, which may be harmed."""
    cluster = DaskCluster(tmp_path / "cluster", settings=QUICK_TO_NOTICE)
    cluster.start_scheduler()
    yield cluster
    cluster.stop()


QUICK_TO_NOTICE = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
"""Two deaths are enough for a call to be given up: each costs the start of a worker."""

KINDS: dict[str, Callable[[str], Executor]] = {
    "serial": lambda _address: open_executor("serial", 1),
    "processes": lambda _address: open_executor("processes", 2),
    "dask-local": lambda _address: open_executor("dask", 2),
    "dask-address": lambda address: open_executor("dask", 2, address=address),
}
"""Every way to run calls, for the tests that all of them must pass."""
