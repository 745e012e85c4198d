"""Opening a connection to a Dask scheduler, with all that can be wrong told at once."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import warnings
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, cast

from runforest.executors.dask import shipping
from runforest.executors.dask.addresses import address_problem
from runforest.importing import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Client

CONNECT_S = 10.0
FIRST_WORKER_S = 10.0
CHECKED_PACKAGES = ("distributed", "cloudpickle", "numpy", "pandas", "pyarrow", "scikit-learn")
"""Packages that shape results, or by which driver and workers talk."""

LARGE_CALL = "1GiB"


class ClusterError(BrokenExecutor):
    """A cluster cannot be used, or no longer; the message says why and what to do."""


def connect(address: str) -> Client:
    """Return a client of the scheduler.

    Raises
    ------
    ClusterError
        Nobody answers in time, or what answers is no scheduler.
    """
    import dask.config
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    problem = address_problem(address, is_tried=True)
    if problem:
        raise ClusterError(problem)
    logging.getLogger("distributed").setLevel(logging.WARNING)
    # The states of models are arguments; Dask warns of more than 10 MB.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE_CALL})
    try:
        # A client that fails to connect would try to disconnect when it is collected.
        asyncio.run(_call_scheduler(address))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)  # `check_versions` says it.
            return Client(address, timeout=CONNECT_S, set_as_default=False, name="runforest")
    except (MemoryError, OSError, TypeError, ValueError, RuntimeError) as error:
        message = (
            f"no Dask scheduler answers at {address} ({_reason(error)}). Start one there (dask "
            "scheduler), or correct the address; for tls:// name the certificates in Dask's "
            "configuration."
        )
        raise ClusterError(message) from error


def check_cluster(client: Client, address: str) -> dict[str, str]:
    """Return the versions that workers must have, once those that are there have them.

    Raises
    ------
    ClusterError
        There is no worker for some seconds, or one has other versions, or the scheduler has.
    """
    _wait_for_worker(client, address)
    extras = [name for name in EXTRAS if name in sys.modules]
    packages = [*CHECKED_PACKAGES, *extras]
    expected = shipping.installed_versions(packages)
    found = cast("Mapping[str, Mapping[str, object]]", client.get_versions(packages=packages))
    carrying = ("python", "distributed", "cloudpickle")
    scheduler = {name: expected[name] for name in carrying}
    places = {f"the worker {name}": facts for name, facts in found["workers"].items()}
    for place, facts in {f"the scheduler {address}": found["scheduler"], **places}.items():
        wanted = expected if place in places else scheduler
        problem = shipping.version_problem(wanted, _versions(facts), place)
        if problem:
            raise ClusterError(problem)
    return expected


def remove_stale_plugins(client: Client) -> None:
    """Remove what drivers left behind on the cluster that were killed."""
    for name in client.run_on_scheduler(shipping.stale_plugins):
        client.unregister_worker_plugin(name)


async def _call_scheduler(address: str) -> None:
    from distributed.core import rpc
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(CONNECT_S), rpc(address, connection_args=arguments) as scheduler:
        await scheduler.identity(n_workers=0)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):  # Dask takes the first bytes of any answer for a length.
        return "what answers speaks another protocol"
    return (str(error) or f"no answer within {CONNECT_S:.0f} s").partition("\n")[0].rstrip(".")


def _wait_for_worker(client: Client, address: str) -> None:
    deadline_s = time.monotonic() + FIRST_WORKER_S
    while not client.scheduler_info()["workers"]:
        if time.monotonic() > deadline_s:
            message = (
                f"the scheduler at {address} has had no worker for {FIRST_WORKER_S:.0f} s. Start "
                f"one on any machine: dask worker {address} --nthreads 1"
            )
            raise ClusterError(message)
        time.sleep(0.1)


def _versions(facts: object) -> dict[str, str]:
    packages = cast("Mapping[str, Mapping[str, str | None]]", facts)["packages"]
    versions = {name: version or "none" for name, version in packages.items()}
    return versions | {"python": ".".join(versions["python"].split(".")[:2])}
