"""A cluster of this machine is quiet and leaves nothing behind, however the driver ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import REPOSITORY, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WORK = """
import os, time
from runforest.executors import open_executor
executor = open_executor("dask", 2)
with executor:
    print(executor.submit(os.getppid).result(60), os.getpid(), flush=True)
    {then}
"""


def start(then: str, folder: Path) -> subprocess.Popen[str]:
    """Start a driver in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", WORK.format(then=then)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def family(pid: int) -> list[psutil.Process]:
    """Return all processes that a driver started, itself left out."""
    return psutil.Process(pid).children(recursive=True)


def test_a_cluster_that_did_its_work_is_quiet_and_gone(tmp_path: Path) -> None:
    driver = start("executor.submit(divmod, 1, 0).exception(60)", tmp_path)
    assert driver.stdout
    driver.stdout.readline()
    processes = family(driver.pid)

    _, err = driver.communicate(timeout=60)

    assert (driver.returncode, err) == (0, "")
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: not any(process.is_running() for process in processes), timeout_s=30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_the_driver_ends_the_cluster(tmp_path: Path, number: signal.Signals) -> None:
    driver = start("executor.submit(time.sleep, 600).result()", tmp_path)
    assert driver.stdout
    driver.stdout.readline()
    processes = family(driver.pid)

    os.killpg(driver.pid, number)
    _, err = driver.communicate(timeout=60)

    assert len(processes) >= 3
    wait_until(lambda: not any(process.is_running() for process in processes), timeout_s=30)
    wait_until(lambda: list(tmp_path.iterdir()) == [], timeout_s=30)
    expected = "KeyboardInterrupt" if number == signal.SIGINT else ""
    assert err.strip().rpartition("\n")[2] == expected
    assert " - distributed." not in err  # its log; a traceback may lead through its files


def test_it_listens_to_this_machine_alone() -> None:
    from runforest.executors.dask.local_cluster import local_cluster

    before = family(os.getpid())
    with local_cluster(1) as address:
        listening = [
            connection.laddr.ip
            for process in set(family(os.getpid())) - set(before)
            for connection in process.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        ]

    assert address.startswith("tcp://127.0.0.1:")
    assert set(listening) == {"127.0.0.1"}


def test_dask_is_imported_only_when_it_is_chosen() -> None:
    script = (
        "import sys; from runforest.executors import open_executor, executor_problems\n"
        "executor_problems('dask', 2)\n"
        "with open_executor('serial', 1): pass\n"
        "print([name for name in ('dask', 'distributed', 'loky') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
