"""A cluster that does not fit is an error before the first trial."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import pytest

from runforest.executors import open_executor
from runforest.executors.dask import connection
from runforest.executors.dask.connection import ClusterError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.executors.conftest import DaskCluster


def pretend_version(cluster: DaskCluster, folder: Path, package: str, version: str) -> None:
    """Install the metadata of another version where later workers of the cluster look first."""
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    cluster.settings = {**cluster.settings, "PYTHONPATH": str(folder)}


def test_a_worker_with_another_version_is_refused(own_cluster: DaskCluster, tmp_path: Path) -> None:
    pretend_version(own_cluster, tmp_path, "pandas", "1.0.0")
    own_cluster.start_worker()
    wanted = importlib.metadata.version("pandas")

    with pytest.raises(
        ClusterError, match=rf"the worker tcp://.* has pandas 1\.0\.0 instead of {wanted}\. Install"
    ):
        open_executor("dask", 1, address=own_cluster.address)


def test_a_later_worker_with_another_version_ends_the_work(
    own_cluster: DaskCluster, tmp_path: Path
) -> None:
    first = own_cluster.start_worker()
    with open_executor("dask", 1, address=own_cluster.address) as executor:
        pretend_version(own_cluster, tmp_path, "scikit-learn", "0.1")
        first.kill()
        own_cluster.start_worker()

        error = executor.submit(divmod, 7, 2).exception(timeout=60)

    assert isinstance(error, ClusterError)
    assert "has scikit-learn 0.1 instead of" in str(error)


def test_a_scheduler_without_workers_is_an_error(
    own_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_WORKER_S", 1.0)

    with pytest.raises(ClusterError, match=r"no worker for 1 s\. Start one .*: dask worker tcp://"):
        open_executor("dask", 1, address=own_cluster.address)
