"""What runs on a worker, or on the scheduler, before the project's code is there.

This module is sent by value, as its last line says, so it imports nothing of Runforest until the
code is there. What it needs, a worker has: Python, Dask and the third-party packages.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import pickle
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle
from distributed import WorkerPlugin, get_worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Scheduler, Worker

PREFIX = "runforest-"


class ShippedCode(WorkerPlugin):
    """The project's code in a folder of the worker, ahead of anything that is installed there."""

    def __init__(self, name: str, archive: bytes, versions: Mapping[str, str]) -> None:
        self.name = name
        self.archive = archive
        self.versions = dict(versions)
        self.problem = ""
        self.folder = Path()

    def setup(self, worker: Worker) -> None:
        """Unpack the code and let it be imported."""
        here = installed_versions(list(self.versions))
        self.problem = version_problem(self.versions, here, worker.address)
        if self.problem:
            raise RuntimeError(self.problem)
        self.folder = Path(worker.local_directory) / self.name
        with zipfile.ZipFile(io.BytesIO(self.archive)) as archive:
            archive.extractall(self.folder)
        self.archive = b""
        use_code(worker, self.folder)

    def teardown(self, worker: Worker) -> None:
        """Forget the code and all that its modules hold, such as a table."""
        if getattr(worker, "runforest_code", None) == self.folder:
            use_code(worker, None)
        shutil.rmtree(self.folder, ignore_errors=True)


class ShippedFile(WorkerPlugin):
    """A file in the folder of the worker."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content

    def setup(self, worker: Worker) -> None:
        """Write the file."""
        Path(worker.local_directory, self.name).write_bytes(self.content)
        self.content = b""

    def teardown(self, worker: Worker) -> None:
        """Remove the file."""
        Path(worker.local_directory, self.name).unlink(missing_ok=True)


def run_call(code: str, packed: bytes) -> tuple[str, bytes]:
    """Do a packed call with the project's code.

    Returns
    -------
    problem, result
        Why this worker cannot be used, or nothing; and the result, pickled.
    """
    worker = get_worker()
    plugin = worker.plugins.get(code)
    problem = getattr(plugin, "problem", f"the worker {worker.address} has not got the code.")
    if plugin is None or problem:
        return problem, b""
    use_code(worker, plugin.folder)  # type: ignore[attr-defined]
    from runforest.executors.packing import call_packed

    return "", call_packed(packed)


def use_code(worker: Worker, folder: Path | None) -> None:
    """Let modules be imported from the folder, and forget those of the one used until now."""
    used: Path | None = getattr(worker, "runforest_code", None)
    if used == folder:
        return
    for each in (used, folder):
        if each is not None:
            _forget_modules({path.name.partition(".")[0] for path in each.iterdir()})
    if used is not None:
        sys.path.remove(str(used))
    if folder is not None:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    worker.runforest_code = folder  # type: ignore[attr-defined]


def _forget_modules(names: set[str]) -> None:
    for module in [each for each in sys.modules if each.partition(".")[0] in names]:
        del sys.modules[module]


def installed_versions(packages: list[str]) -> dict[str, str]:
    """Return the version of each package in this process, and of Python."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for name in packages:
        if name != "python":
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = "none"
    return found


def version_problem(driver: Mapping[str, str], there: Mapping[str, str], place: str) -> str:
    """Return which packages differ from the driver's; nothing when none does."""
    differing = [
        f"{name} {there.get(name, 'none')} instead of {version}"
        for name, version in driver.items()
        if there.get(name, "none") != version
    ]
    if not differing:
        return ""
    return (
        f"{place} has {', '.join(differing)}. Install the same versions there as here: results "
        "depend on them."
    )


def stale_plugins(dask_scheduler: Scheduler) -> list[str]:
    """Return the plugins that drivers left behind which are gone."""
    clients = list(dask_scheduler.clients)
    return [
        name
        for name in dask_scheduler.worker_plugins
        if name.startswith(PREFIX) and not any(client in name for client in clients)
    ]


class ByValue:
    """A function of this module that is pickled by value even inside of something else."""

    def __init__(self, function: object) -> None:
        self._pickled = cloudpickle.dumps(function)

    def __reduce__(self) -> tuple[object, ...]:
        """Become the function itself when unpickled."""
        return pickle.loads, (self._pickled,)

    def __call__(self, *args: object) -> object:
        """Call the function."""
        return pickle.loads(self._pickled)(*args)  # noqa: S301  Pickled above.


cloudpickle.register_pickle_by_value(sys.modules[__name__])
