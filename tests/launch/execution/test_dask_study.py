"""A study on a Dask cluster of this machine completes without one of its workers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import wait_until
from tests.launch.execution.counted_study import ESTIMATOR, CountedStudy, make_study
from tests.warm import kill_group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.warm import Started

pytestmark = pytest.mark.slow

DASK = ("--set", "Tuner.executor=dask", "--set", "Tuner.n_jobs=2")
N_TRIALS = 20
"""Trials that take longer than it takes to kill something."""

PATIENCE_S = 120.0

WORKER = "spawn_main"


@pytest.fixture
def study(tmp_path: Path, empty_store: Path) -> CountedStudy:
    """Return a fresh study whose workers, in folders of their own, count into one file."""
    study = make_study(tmp_path / "project", empty_store)
    fits = str(study.project.folder / "fits.txt")
    study.project.write("src/counted.py", ESTIMATOR.replace('"fits.txt"', repr(fits)))
    return study


@contextmanager
def killed(study: CountedStudy, part: str) -> Iterator[Started]:
    """Start the study, kill a process of its cluster after a trial, and lend the driver."""
    driver = study.project.start(*DASK, "--set", f"Tuner.n_trials={N_TRIALS}")
    try:
        wait_until(lambda: bool(study.finished_points()) or driver.poll() is not None, PATIENCE_S)
        family = psutil.Process(driver.pid).children(recursive=True)
        next(process for process in family if part in " ".join(process.cmdline())).kill()
        yield driver
    finally:
        if driver.poll() is None:
            kill_group(driver.pid)
            driver.communicate()


def test_a_study_completes_on_a_cluster_though_a_worker_is_killed(study: CountedStudy) -> None:
    with killed(study, WORKER) as driver:
        out, err = driver.communicate(timeout=PATIENCE_S)

    assert driver.returncode == 0, out + err
    run = study.project.top_runs()[0]
    table = study.table(run)
    assert list(table["state"]) == ["complete"] * N_TRIALS
    assert len(study.project.children(run)) == N_TRIALS
    assert set(study.fits()) == set(table["params.ccp_alpha"])
