"""What runs on a worker, or on the scheduler, before the project's code is there.

This module is sent by value, as its last line says, so it imports nothing of Runforest until the
code is there. What it needs, a worker has: Python, Dask and the third-party packages.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cloudpickle
from distributed import WorkerPlugin, get_worker
from distributed.versions import get_package_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Scheduler, Worker

PREFIX = "runforest-"


class Shipment(WorkerPlugin):
    """Files in a folder of each worker, those that come later included.

    Plug-in and folder have one name. A worker must have the packages in the given versions.
    """

    def __init__(
        self, name: str, files: Mapping[str, bytes], versions: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.files = dict(files)
        self.versions = dict(versions or {})
        self.problem = ""
        self.folder = Path()

    def setup(self, worker: Worker) -> None:
        """Write the files, unless the worker has other versions."""
        here = get_package_info(self.versions.keys() - {"python"})
        self.problem = version_problem(self.versions, here, f"the worker {worker.address}")
        if self.problem:  # Dask only logs it if the worker came later: see `run_call`.
            raise RuntimeError(self.problem)
        self.folder = Path(worker.local_directory) / self.name
        for path, content in self.files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        self.files = {}

    def teardown(self, worker: Worker) -> None:
        """Remove the files; forget modules of theirs and all that these hold, such as a table."""
        if getattr(worker, "runforest_code", None) == self.folder:
            use_code(worker, None)
        shutil.rmtree(self.folder, ignore_errors=True)


def run_call(code: str, call: bytes) -> bytes | str:
    """Return the packed result of a call with the code of a shipment, or why that is impossible."""
    worker = get_worker()
    plugin = cast("Shipment | None", worker.plugins.get(code))
    if plugin is None:
        return f"the worker {worker.address} has not got the code. Run again."
    if plugin.problem:
        return plugin.problem
    use_code(worker, plugin.folder)
    from runforest.executors.remote import call_packed

    return call_packed(call)


def use_code(worker: Worker, folder: Path | None) -> None:
    """Let modules be imported from the folder, and forget those of the one used until now."""
    used: Path | None = getattr(worker, "runforest_code", None)
    if used == folder:
        return
    for each in (used, folder):
        if each is not None:
            names = {path.name.partition(".")[0] for path in each.iterdir()}
            for module in [name for name in sys.modules if name.partition(".")[0] in names]:
                del sys.modules[module]
    if used is not None:
        sys.path.remove(str(used))
    if folder is not None:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    worker.runforest_code = folder  # type: ignore[attr-defined]


def version_problem(wanted: Mapping[str, str], found: Mapping[str, str | None], place: str) -> str:
    """Return which packages differ from those wanted; nothing when none does.

    >>> version_problem({"python": "3.11"}, {"python": "3.11.7.final.0"}, "a worker")
    ''
    """
    there = {name: found.get(name) or "none" for name in wanted}
    if "python" in there:
        there["python"] = ".".join(there["python"].split(".")[:2])
    differing = [
        f"{name} {there[name]} instead of {version}"
        for name, version in wanted.items()
        if there[name] != version
    ]
    if not differing:
        return ""
    return (
        f"{place} has {', '.join(differing)}. Install the same versions there as here: results "
        "depend on them."
    )


def stale_plugins(dask_scheduler: Scheduler) -> list[str]:
    """Return the plugins of drivers that are gone."""
    clients = list(dask_scheduler.clients)
    return [
        name
        for name in dask_scheduler.worker_plugins
        if name.startswith(PREFIX) and not any(client in name for client in clients)
    ]


cloudpickle.register_pickle_by_value(sys.modules[__name__])
