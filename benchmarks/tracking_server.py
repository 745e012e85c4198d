"""A tracking server of MLflow on this machine, as `mlflow server` starts it by default."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.measure import BenchmarkError, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_S = 180.0
STOP_S = 30.0


@dataclass(frozen=True, kw_only=True)
class TrackingServer:
    """A running server: its address, and the SQLite file behind it."""

    url: str
    database: Path


@contextmanager
def tracking_server(folder: Path) -> Iterator[TrackingServer]:
    """Run a server, with its default workers, that keeps all in a folder.

    Raises
    ------
    BenchmarkError
        It does not answer in time.
    """
    folder.mkdir(parents=True)
    port = free_port()
    server = TrackingServer(url=f"http://127.0.0.1:{port}", database=folder / "server.db")
    store = ("--backend-store-uri", f"sqlite:///{server.database}")
    artifacts = ("--artifacts-destination", str(folder / "artifacts"))
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", *store, *artifacts]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env=clean_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Its workers are stopped with it.
        )
    try:
        wait_for(f"{server.url}/health", process)
        yield server
    finally:
        stop(process)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until an address of a program that was started answers.

    Raises
    ------
    BenchmarkError
        The program ended, or does not answer in time.
    """
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    message = f"{url} does not answer; the program ended with {process.poll()}."
    raise BenchmarkError(message)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a program that leads a group of processes, and the group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
