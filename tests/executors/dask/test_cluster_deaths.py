"""What dies on a cluster costs as little as can be, and is said where it matters."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import wait
from typing import TYPE_CHECKING

import pytest

from runforest.executors import open_executor
from runforest.executors.dask import cluster
from runforest.executors.dask.cluster import LostWorkersError
from runforest.executors.dask.connection import ClusterError
from runforest.tuning.driver.search import StudyError
from tests.conftest import wait_until
from tests.tuning.studies import Recording, make_study, run

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.tuning.study.trial_record import TrialRecord
    from tests.executors.conftest import DaskCluster

pytestmark = pytest.mark.slow


def test_a_killed_workers_calls_run_elsewhere(own_cluster: DaskCluster, tmp_path: Path) -> None:
    def work(number: int) -> tuple[int, int]:
        (tmp_path / f"{number}-{os.getpid()}").touch()
        time.sleep(0.5)
        return number, os.getpid()

    victim, other = own_cluster.start_worker(), own_cluster.start_worker()
    with open_executor("dask", 4, address=own_cluster.address) as executor:
        calls = [executor.submit(work, number) for number in range(4)]
        wait_until(lambda: bool(list(tmp_path.glob(f"*-{victim.pid}"))))
        victim.send_signal(signal.SIGKILL)

        done = [call.result(timeout=60) for call in calls]

    assert [number for number, _ in done] == [0, 1, 2, 3]
    assert done[-1][1] == other.pid


def test_calls_that_kill_their_workers_are_given_up_for_one_reason(
    own_cluster: DaskCluster,
) -> None:
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    for _ in range(4):
        own_cluster.start_worker()
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        errors = [executor.submit(kill).exception(timeout=60) for _ in range(2)]

    assert {type(error) for error in errors} == {LostWorkersError}
    assert len({str(error) for error in errors}) == 1
    assert "2 workers died one after another" in str(errors[0])
    assert "want of memory. Use a smaller model" in str(errors[0])


def test_a_call_that_takes_too_much_memory_is_given_up(own_cluster: DaskCluster) -> None:
    def fill() -> int:
        hoard = []
        while True:
            hoard.append(b"x" * 20_000_000)
            time.sleep(0.01)

    own_cluster.start_worker("--nanny", "--memory-limit", "300MB")
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        error = executor.submit(fill).exception(timeout=120)

    assert isinstance(error, LostWorkersError)


def test_a_killed_scheduler_ends_all_calls(
    own_cluster: DaskCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    own_cluster.start_worker()
    with open_executor("dask", 2, address=own_cluster.address) as executor:
        executor.submit(os.getpid).result(timeout=60)
        calls = [executor.submit(time.sleep, 60) for _ in range(3)]

        own_cluster.scheduler.kill()

        assert wait(calls, timeout=30).done == set(calls)
        with pytest.raises(ClusterError, match=r"start it and its workers again, then run again"):
            executor.submit(divmod, 7, 2)

    assert {type(call.exception()) for call in calls} == {ClusterError}
    assert capfd.readouterr().err == ""


def test_a_silent_scheduler_is_noticed(
    own_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CHECK_S", 0.1)
    monkeypatch.setattr(cluster, "SILENCE_S", 1.0)
    own_cluster.start_worker()
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        own_cluster.scheduler.send_signal(signal.SIGSTOP)
        call = executor.submit(divmod, 7, 2)

        error = call.exception(timeout=30)

    assert isinstance(error, ClusterError)
    assert "has not answered for 1 s" in str(error)


def test_the_loss_of_all_workers_is_noticed(
    own_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CHECK_S", 0.1)
    monkeypatch.setattr(cluster, "WORKERLESS_S", 0.5)
    worker = own_cluster.start_worker()
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        call = executor.submit(time.sleep, 60)
        worker.kill()

        error = call.exception(timeout=30)

    assert isinstance(error, ClusterError)
    assert "no worker is left. Start workers" in str(error)


def test_a_study_whose_scheduler_died_goes_on_from_its_finished_trials(
    own_cluster: DaskCluster, tmp_path: Path
) -> None:
    def kill(record: TrialRecord) -> None:
        if record.number == 1:
            own_cluster.scheduler.kill()

    own_cluster.start_worker()
    with (
        open_executor("dask", 1, address=own_cluster.address) as executor,
        pytest.raises(StudyError, match=r"start it and its workers .* finished trials are stored"),
    ):
        run(
            make_study(),
            executor=executor,
            listener=Recording(kill),
            study_file=tmp_path / "study.log",
        )
    resumed = Recording()

    result = run(make_study(), listener=resumed, study_file=tmp_path / "study.log")

    assert 2 <= len(resumed.earlier) < 6
    assert len(result.trials) == 6
