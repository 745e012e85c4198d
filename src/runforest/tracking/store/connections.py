"""Requests to a tracking server, made quicker than MLflow makes them.

MLflow's plug-ins have to be entry points of an installed package, which a clone is not: hence the
private list of MLflow 3.17, which `tests/tracking/test_connections.py` checks.
"""

from __future__ import annotations

import functools
import http.client
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

N_REQUESTS = 4
TIMEOUT_S = 5.0
STALL_S = 0.02
"""What a request on a new connection has to save before connections are closed each time."""


@functools.cache
def quicken_requests(uri: str) -> None:
    """Let all further requests to a server do without what only costs time.

    Connections are closed after each request if the server stalls on open ones: one with several
    uvicorn workers sends the head and the body of an answer in two segments; the second waits for
    the acknowledgement of the first, which the client's system delays by 40 ms. With TLS a new
    connection costs more than that, so it stays open.
    """
    if urlsplit(uri).scheme not in {"http", "https"}:
        return
    _forget_databricks()
    if urlsplit(uri).scheme == "http" and is_stalling(uri):
        _close_each_connection()


def is_stalling(uri: str) -> bool:
    """Return whether requests on one connection take longer than each on its own."""
    try:
        kept = min(list(_on_one_connection(uri))[1:])  # the first comes before any delay
        own = min(next(_on_one_connection(uri)) for _ in range(N_REQUESTS))
    except (OSError, http.client.HTTPException):
        return False  # whatever is wrong, the requests that matter will tell
    return kept - own > STALL_S


def _on_one_connection(uri: str) -> Iterator[float]:
    """Yield the seconds that each request takes."""
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        for _ in range(N_REQUESTS):
            clock = time.perf_counter()
            connection.request("GET", f"{parts.path.rstrip('/')}/health")
            connection.getresponse().read()
            yield time.perf_counter() - clock


def _forget_databricks() -> None:
    """Leave out the header that MLflow has for Databricks, unless the program runs there.

    Before each request it tries to import packages of Databricks, and looks for them on the disk
    again each time: a third of the client's CPU time.
    """
    from mlflow.tracking.request_header.databricks_request_header_provider import (
        DatabricksRequestHeaderProvider,
    )
    from mlflow.tracking.request_header.registry import _request_header_provider_registry

    providers = _request_header_provider_registry._registry  # noqa: SLF001 - see the module
    providers[:] = [
        one
        for one in providers
        if not isinstance(one, DatabricksRequestHeaderProvider) or one.in_context()
    ]


def _close_each_connection() -> None:
    """Add a header to all requests of MLflow's client."""
    from mlflow.tracking.request_header.abstract_request_header_provider import (
        RequestHeaderProvider,
    )
    from mlflow.tracking.request_header.registry import _request_header_provider_registry

    class ShortConnections(RequestHeaderProvider):
        def in_context(self) -> bool:
            return True

        def request_headers(self) -> dict[str, str]:
            return {"Connection": "close"}

    _request_header_provider_registry.register(ShortConnections)
