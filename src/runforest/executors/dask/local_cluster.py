"""A Dask cluster on this machine: one process group, which ends with the driver.

The driver starts this module as a program. Its own session holds Ctrl-C off the workers, and the
pipe to its standard input breaks when the driver dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from runforest.executors.dask.connection import ClusterError
from runforest.executors.processes import SINGLE_THREAD

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def local_cluster(n_workers: int) -> Iterator[str]:
    """Yield the address of a new cluster, whose processes are killed at the end."""
    importable = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603  Our own program.
            [sys.executable, "-P", "-m", __name__, str(n_workers)],
            env={**os.environ, **SINGLE_THREAD, "PYTHONPATH": importable},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            text=True,
        ) as process,
    ):
        if address := cast("IO[str]", process.stdout).readline().strip():
            yield address
            return
        process.wait()
        log.seek(0)
        reason = "".join(log.readlines()[-5:])
        message = f"the cluster on this machine could not be started:\n{reason}"
        raise ClusterError(message)


def serve(n_workers: int) -> None:
    """Run a cluster until the driver closes the pipe or dies."""
    import dask.config
    from distributed import LocalCluster as Cluster

    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What workers print would fill the pipe, which nobody empties.
    settings = {
        # Nothing is stored on workers, so there is nothing to move to disk, and one that waited for
        # memory to become free would wait for ever. It is killed before the machine has none.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.profile.enabled": False,
    }
    with tempfile.TemporaryDirectory(
        prefix="runforest-dask-", ignore_cleanup_errors=True
    ) as folder:
        os.environ["TMPDIR"] = folder
        os.chdir(folder)
        with dask.config.set({**settings, "temporary-directory": folder}):
            cluster = Cluster(
                n_workers=n_workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
            )
        pipe.write(f"{cluster.scheduler_address}\n")
        pipe.flush()
        sys.stdin.read()
    os.killpg(0, signal.SIGKILL)  # Running calls would be waited for otherwise.


if __name__ == "__main__":
    serve(int(sys.argv[1]))
