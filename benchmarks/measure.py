"""Running a command and measuring it with all the processes that it starts."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class BenchmarkError(Exception):
    """A command that is measured, or prepares a measurement, failed."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a command took.

    `cpu_s` is user and system time of the command and of every process that it waited for;
    `memory_mib` is the largest resident size of a single one of them. The bytes are those of all
    read and write calls, where they are counted.
    """

    cpu_s: float
    wall_s: float
    memory_mib: float
    read_bytes: int = 0
    written_bytes: int = 0


def measure(command: list[str], folder: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command in a folder and return what it took.

    Raises
    ------
    BenchmarkError
        The exit code is not 0; the end of what the command printed is in the message.
    """
    log = folder / "measured.log"
    with log.open("wb") as output:
        clock = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall_s = time.perf_counter() - clock
        counted = _io_counts(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        message = f"{' '.join(command)} ended with exit code {process.returncode}:\n{tail}"
        raise BenchmarkError(message)
    return Usage(
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=wall_s,
        memory_mib=used.ru_maxrss / 1024,
        read_bytes=counted.get("rchar", 0),
        written_bytes=counted.get("wchar", 0),
    )


def _io_counts(pid: int) -> dict[str, int]:
    """Return what Linux counted for a process that has ended and was not waited for yet."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}


def prepare(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command that belongs to no measurement.

    Raises
    ------
    BenchmarkError
        It failed.
    """
    measure(command, folder, environment)


def clean_environment(**added: str) -> dict[str, str]:
    """Return the environment without settings of MLflow, Luigi and Python, telemetry off.

    Numeric libraries get one thread: on tables this small more threads burn CPU to no avail, by
    an amount that depends on the machine.
    """
    foreign = ("MLFLOW", "LUIGI", "PYTHON", "PROJECT_ROOT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    quiet = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "KEDRO_DISABLE_TELEMETRY": "1",
        "DVC_NO_ANALYTICS": "1",
        "ZENML_ANALYTICS_OPT_IN": "false",
        "METAFLOW_USER": "benchmark",
    }
    return {**kept, **quiet, **added}


def median_cpu(usages: Iterable[Usage]) -> float:
    """Return the median of the CPU seconds."""
    return median(usage.cpu_s for usage in usages)
