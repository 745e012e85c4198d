"""A worker on a machine of its own: another network, and none of the driver's files."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from runforest.executors import open_executor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.splits import SplitSpec
from runforest.tuning.driver.work import FoldPlan, score_folds, share_table
from tests.conftest import REPOSITORY
from tests.executors.conftest import DaskCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

HERE, THERE = "10.213.77.1", "10.213.77.2"
HIDE = f'mount -t tmpfs none "{REPOSITORY}/src" && mount -t tmpfs none "$0" && exec "$@"'


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[str]:
    """Return a network that reaches this machine at one address and nothing else."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("networks are made by root, with the programs ip and unshare")
    name, near, far = (f"rf{kind}{os.getpid()}" for kind in "nab")
    try:
        ip("netns", "add", name)
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine does not allow networks: {error.stderr.decode().strip()}")
    try:
        ip("addr", "add", f"{HERE}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "addr", "add", f"{THERE}/30", "dev", far)
        for device in (far, "lo"):
            ip("-n", name, "link", "set", device, "up")
        yield name
    finally:
        ip("netns", "delete", name)


def test_a_worker_on_another_machine_needs_only_the_scheduler(network: str, tmp_path: Path) -> None:
    hidden = tmp_path / "driver"
    hidden.mkdir()
    hiding = ("sh", "-c", HIDE, str(hidden))
    cluster = DaskCluster(
        tmp_path / "cluster",
        host=HERE,
        worker_prefix=("ip", "netns", "exec", network, "unshare", "-m", *hiding),
    )
    cluster.start_scheduler()
    try:
        cluster.start_worker("--host", THERE)
        x = np.linspace(0, 1, 30)
        table = pd.DataFrame({"x": x, "y": 2 * x})
        spec = EstimatorSpec(path="", params={"alpha": 1e-9}, seed=0, kind="regression")
        with open_executor("dask", 1, address=cluster.address) as executor:
            table.to_parquet(hidden / "table.parquet")
            shared = share_table(hidden / "table.parquet", executor)
            splits = SplitSpec(kind="regression", n_folds=2)
            plan = FoldPlan(table=shared, target="y", splits=splits, estimator=spec)
            scores = executor.submit(score_folds, plan, spec, ("r2",), (0, 1)).result(timeout=60)
            seen = executor.submit(os.listdir, hidden).result(timeout=60)
    finally:
        cluster.stop()

    assert np.ravel(scores) == pytest.approx([1.0, 1.0])
    assert seen == []
    assert [path.name for path in hidden.iterdir()] == ["table.parquet"]
