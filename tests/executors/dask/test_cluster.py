"""Workers of a cluster, in folders of their own, get what they need and keep nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from runforest.executors import open_executor, share_file
from runforest.executors.dask.connection import ClusterError
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.splits import SplitSpec
from runforest.tuning.driver.work import FoldPlan, score_folds, share_table
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from runforest.executors import Location
    from tests.executors.conftest import DaskCluster

pytestmark = pytest.mark.slow

MODEL = """\
from sklearn.linear_model import Ridge


class Model(Ridge):
    def score(self, X, y):
        return {score}
"""


def make_plan(executor: Executor, folder: Path) -> FoldPlan:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 60))
    table = pd.DataFrame({"x": x, "z": z, "y": 2 * x - z})
    table.to_parquet(folder / "table.parquet")
    shared = share_table(folder / "table.parquet", executor)
    splits = SplitSpec(kind="regression", n_folds=3)
    return FoldPlan(table=shared, target="y", splits=splits, estimator=make_spec())


def make_spec(path: str = "", **params: object) -> EstimatorSpec:
    return EstimatorSpec(path=path, params=params, seed=0, kind="regression")


def leftovers(cluster: DaskCluster) -> list[Path]:
    """Return what drivers left in the folders of the workers."""
    return list(cluster.folder.glob("worker-*/**/runforest-*"))


@contextmanager
def project(folder: Path, monkeypatch: pytest.MonkeyPatch, score: float) -> Iterator[None]:
    """Let `tasks` be a project of its own whose estimator scores so."""
    tasks = folder / "project" / "src" / "tasks"
    tasks.mkdir(parents=True, exist_ok=True)
    (tasks / "__init__.py").touch()
    (tasks / "my_estimator.py").write_text(MODEL.format(score=score))
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tasks.parent)
        for name in [name for name in sys.modules if name.partition(".")[0] == "tasks"]:
            patch.delitem(sys.modules, name)
        yield


def asking_for_score() -> Callable[[], float]:
    """Return a function that no worker can import, so that it is sent along."""

    def own_score() -> float:
        from tasks.my_estimator import Model

        return Model().score(None, None)

    return own_score


def test_each_worker_gets_the_table_once(shared_cluster: DaskCluster, tmp_path: Path) -> None:
    def loads() -> tuple[int, int]:
        from runforest.tuning.driver import work

        time.sleep(0.1)  # so that the other worker takes the next call
        return os.getpid(), work._load_table.cache_info().misses

    with open_executor("dask", 2, address=shared_cluster.address) as executor:
        plan = make_plan(executor, tmp_path)
        trials = [
            executor.submit(score_folds, plan, make_spec(alpha=alpha), ("r2",), (0, 1, 2))
            for alpha in range(1, 13)
        ]
        assert all(len(trial.result(timeout=60)) == 3 for trial in trials)

        asked = [executor.submit(loads) for _ in range(8)]
        counts = dict(future.result(timeout=60) for future in asked)
        files = list(shared_cluster.folder.glob("worker-*/**/table.parquet"))

    assert counts == {worker.pid: 1 for worker in shared_cluster.workers}
    assert len(files) == 2


def test_nothing_stays_on_the_workers(shared_cluster: DaskCluster, tmp_path: Path) -> None:
    with open_executor("dask", 2, address=shared_cluster.address) as executor:
        plan = make_plan(executor, tmp_path)
        executor.submit(score_folds, plan, make_spec(), ("r2",), (0,)).result(timeout=60)
        assert leftovers(shared_cluster)

    assert leftovers(shared_cluster) == []


def test_the_scores_are_those_of_this_process(shared_cluster: DaskCluster, tmp_path: Path) -> None:
    with open_executor("serial", 1) as executor:
        plan = make_plan(executor, tmp_path)
        expected = executor.submit(score_folds, plan, make_spec(), ("r2",), (0, 1, 2)).result()

    with open_executor("dask", 1, address=shared_cluster.address) as executor:
        plan = make_plan(executor, tmp_path)
        future = executor.submit(score_folds, plan, make_spec(), ("r2",), (0, 1, 2))

        assert future.result(timeout=60) == expected


def test_workers_run_the_code_of_the_driver(shared_cluster: DaskCluster) -> None:
    def engine_file() -> str:
        import runforest

        return runforest.__file__

    with open_executor("dask", 1, address=shared_cluster.address) as executor:
        file = executor.submit(engine_file).result(timeout=60)

    assert file.startswith(str(shared_cluster.folder))


def test_a_changed_estimator_is_used_in_its_new_form(
    shared_cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = []
    for score in (0.25, 0.75):
        with project(tmp_path, monkeypatch, score):
            executor = open_executor("dask", 1, address=shared_cluster.address)
        with executor:
            plan = make_plan(executor, tmp_path)
            spec = make_spec("tasks.my_estimator.Model")
            future = executor.submit(score_folds, plan, spec, ("neg_mean_squared_error",), (0,))
            future.result(timeout=60)
            scores.append(executor.submit(asking_for_score()).result(timeout=60))

    assert scores == [0.25, 0.75]


def test_two_projects_take_turns_on_a_worker(
    shared_cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executors = []
    for score in (0.25, 0.75):
        with project(tmp_path, monkeypatch, score):
            executors.append(open_executor("dask", 1, address=shared_cluster.address))
    with executors[0], executors[1]:
        turns = [executors[turn % 2].submit(asking_for_score()) for turn in range(12)]

        assert [turn.result(timeout=60) for turn in turns] == [0.25, 0.75] * 6


def test_a_worker_that_comes_later_gets_code_and_files(
    own_cluster: DaskCluster, tmp_path: Path
) -> None:
    def read(location: Location) -> str:
        return location().read_text()

    (tmp_path / "table.txt").write_text("rows")
    first = own_cluster.start_worker()
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        location = share_file(executor, tmp_path / "table.txt")
        executor.submit(read, location).result(timeout=60)
        first.kill()
        own_cluster.start_worker()

        assert executor.submit(read, location).result(timeout=60) == "rows"


def test_what_a_killed_driver_left_is_removed_by_the_next(
    shared_cluster: DaskCluster, tmp_path: Path
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from runforest.executors import *\n"
        "executor = open_executor('dask', 1, address=sys.argv[1])\n"
        "share_file(executor, Path(sys.executable)); print('ready', flush=True); time.sleep(600)"
    )
    driver = subprocess.Popen(
        [sys.executable, "-c", script, shared_cluster.address],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
    )
    assert driver.stdout
    with driver.stdout as lines:
        lines.readline()
    driver.kill()
    driver.wait()
    assert leftovers(shared_cluster)

    open_executor("dask", 1, address=shared_cluster.address).shutdown()

    assert leftovers(shared_cluster) == []


def test_a_cancelled_call_that_waits_is_not_done(
    shared_cluster: DaskCluster, tmp_path: Path
) -> None:
    with open_executor("dask", 5, address=shared_cluster.address) as executor:
        running = [executor.submit(time.sleep, 0.5) for _ in range(4)]
        waiting = executor.submit((tmp_path / "done").touch)

        assert waiting.cancel()
        for call in (*running, *(executor.submit(os.getpid) for _ in range(4))):
            call.result(timeout=60)

    assert not (tmp_path / "done").exists()


def test_a_result_that_cannot_be_read_fails_its_call(shared_cluster: DaskCluster) -> None:
    unreadable = "type('Unreadable', (), {'__reduce__': lambda self: (int, ('no number',))})()"

    with open_executor("dask", 1, address=shared_cluster.address) as executor:
        call = executor.submit(eval, unreadable)

        with pytest.raises(ValueError, match="no number"):
            call.result(timeout=30)


def test_a_file_that_is_too_large_to_send_is_refused(
    shared_cluster: DaskCluster, tmp_path: Path
) -> None:
    with (tmp_path / "table.parquet").open("wb") as file:
        file.truncate(2_100_000_000)  # It takes no room on the disk.

    with (
        open_executor("dask", 1, address=shared_cluster.address) as executor,
        pytest.raises(ClusterError, match=r"has 2\.1 GB, .* Use a smaller table"),
    ):
        share_file(executor, tmp_path / "table.parquet")
