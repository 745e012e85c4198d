"""A Dask cluster on this machine: one process group, which ends with the driver.

The driver starts this module as a program. Its own session keeps Ctrl-C away from the workers, and
the pipe to its standard input breaks when the driver dies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from runforest.executors.dask.connection import ClusterError
from runforest.executors.processes import SINGLE_THREAD

LOG = "cluster.log"
N_LINES = 5


class LocalCluster:
    """Scheduler and workers of this machine, in a folder for temporary files."""

    def __init__(self, n_workers: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="runforest-dask-"))
        with (self._folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  Our own program.
                [sys.executable, "-P", "-m", __name__, str(n_workers), str(self._folder)],
                cwd=self._folder,
                env={**os.environ, **SINGLE_THREAD, **_folders(self._folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        try:
            self.address = self._first_line()
        except BaseException:  # an interrupt too must not leave the process behind
            self.stop()
            raise

    def _first_line(self) -> str:
        line = _open(self._process.stdout).readline().strip()
        if not line:
            lines = (self._folder / LOG).read_text(encoding="utf-8").strip().splitlines()
            told = "\n".join(lines[-N_LINES:])
            message = f"the cluster on this machine could not be started. It said:\n{told}"
            raise ClusterError(message)
        return line

    def stop(self) -> None:
        """Kill all processes of the cluster and remove its files."""
        with contextlib.suppress(ProcessLookupError):  # It may have ended by itself.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _open(pipe).close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _open(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        message = "the pipes of the cluster's process are open until it is stopped"
        raise RuntimeError(message)
    return pipe


def _folders(temporary: Path) -> dict[str, str]:
    importable = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return {"PYTHONPATH": importable, "TMPDIR": str(temporary)}


def serve(n_workers: int, folder: Path) -> None:
    """Run a cluster until the driver closes the pipe or dies."""
    import dask.config
    from distributed import LocalCluster as Cluster

    settings: dict[str, object] = {
        # Nothing is kept on workers, so there is nothing to move to disk, and one that waited for
        # memory to become free would wait for ever. It is killed before the machine has none.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.profile.enabled": False,
    }
    with dask.config.set(settings):
        cluster = Cluster(
            n_workers=n_workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(folder),
        )
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
