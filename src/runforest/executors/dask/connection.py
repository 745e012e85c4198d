"""Connecting to a Dask scheduler: whatever is wrong becomes one message with a remedy."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import warnings
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from runforest.foundation.importing import EXTRAS

if TYPE_CHECKING:
    from distributed import Client
    from distributed.client import VersionsDict

TRIAL_S = 5.0
CONNECT_S = 10.0
FIRST_WORKER_S = 10.0
CHECKED_PACKAGES = ("distributed", "cloudpickle", "numpy", "pandas", "pyarrow", "scikit-learn")
"""Packages that shape results, or by which driver and workers talk."""

CARRYING_PACKAGES = ("python", "distributed", "cloudpickle")
"""What the scheduler must have in the same version too."""


class ClusterError(BrokenExecutor):
    """A cluster cannot be used, or no longer; the message says why and what to do."""


def address_problem(address: str) -> str:
    """Return what is wrong with the address of a scheduler; nothing when somebody listens there.

    >>> address_problem("10.0.0.1")
    'expected an address such as "tcp://host:8786", or one with tls://, got "10.0.0.1".'
    """
    place = _host_and_port(address)
    if place is None:
        example = 'expected an address such as "tcp://host:8786", or one with tls://'
        return f'{example}, got "{address}".'
    try:
        socket.create_connection(place, timeout=TRIAL_S).close()
    except OSError as error:
        return (
            f"nobody listens at {address} ({error.strerror or error}). Start a scheduler there "
            "(dask scheduler), or leave the address out for a cluster on this machine."
        )
    return ""


def connect(address: str) -> Client:
    """Return a client of the scheduler, at the latest after `CONNECT_S`.

    Raises ClusterError when nobody answers, or what answers is no scheduler.
    """
    import dask.config
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    if problem := address_problem(address):
        raise ClusterError(problem)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # What matters is raised.
    # The states of models are arguments; Dask warns of more than 10 MB.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GiB"})
    try:
        asyncio.run(_call_scheduler(address))  # A client would wait for ever for a silent listener.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)  # See `check_versions`.
            return Client(address, timeout=CONNECT_S, set_as_default=False, name="runforest")
    # Dask takes the first bytes of any answer for a length, which no memory may hold.
    except (MemoryError, OSError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".") or f"no answer in {CONNECT_S:.0f} s"
        message = (
            f"no Dask scheduler answers at {address} ({reason}). Start one there (dask scheduler), "
            "or correct the address; for tls:// name the certificates in Dask's configuration."
        )
        raise ClusterError(message) from error


def check_versions(client: Client, address: str) -> dict[str, str]:
    """Return the versions that workers must have, once those that are there have them.

    Raises ClusterError when there is no worker for some seconds, or one has other versions, or the
    scheduler has.
    """
    from distributed.versions import get_package_info

    from runforest.executors.dask.worker import version_problem

    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    except TimeoutError as error:
        message = (
            f"the scheduler at {address} has had no worker for {FIRST_WORKER_S:.0f} s. Start one "
            f"on any machine: dask worker {address} --nthreads 1"
        )
        raise ClusterError(message) from error
    names = [*CHECKED_PACKAGES, *(name for name in EXTRAS if name in sys.modules)]
    here = get_package_info(names)
    wanted = {name: here[name] or "none" for name in names}
    wanted["python"] = "{}.{}".format(*sys.version_info)
    found = cast("VersionsDict", client.get_versions(packages=names))
    carrying = {name: wanted[name] for name in CARRYING_PACKAGES}
    places = [(f"the scheduler {address}", carrying, found["scheduler"])]
    places += [(f"the worker {name}", wanted, facts) for name, facts in found["workers"].items()]
    for place, versions, facts in places:
        problem = version_problem(versions, facts["packages"], place)
        if problem:
            raise ClusterError(problem)
    return wanted


async def _call_scheduler(address: str) -> None:
    from distributed.core import rpc
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(CONNECT_S), rpc(address, connection_args=arguments) as scheduler:
        await scheduler.identity(n_workers=0)


def _host_and_port(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # The port is no number, or the brackets do not match.
        return None
    rest = (parts.path, parts.query, parts.fragment, parts.username)
    if parts.scheme not in {"tcp", "tls"} or not host or not port or any(rest):
        return None
    return host, port
