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
from pathlib import Path
from typing import IO, cast

from runforest.executors.dask.connection import ClusterError
from runforest.executors.processes import SINGLE_THREAD


class LocalCluster:
    """Scheduler and workers of this machine."""

    def __init__(self, n_workers: int) -> None:
        importable = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603  Our own program.
                [sys.executable, "-P", "-m", __name__, str(n_workers)],
                env={**os.environ, **SINGLE_THREAD, "PYTHONPATH": importable},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )
            try:
                self.address = cast("IO[str]", self._process.stdout).readline().strip()
            except BaseException:  # an interrupt too must not leave the process behind
                self.stop()
                raise
            if not self.address:
                self.stop()
                log.seek(0)
                reason = "".join(log.readlines()[-5:])
                message = f"the cluster on this machine could not be started:\n{reason}"
                raise ClusterError(message)

    def stop(self) -> None:
        """Let the program kill all processes of the cluster."""
        self._process.communicate()


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
