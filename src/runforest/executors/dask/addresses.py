"""Addresses of schedulers: whether they are well formed, and whether anybody listens."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

TRIAL_S = 5.0
SCHEMES = ("tcp", "tls")


def address_problem(address: str, *, is_tried: bool = False) -> str | None:
    """Return what is wrong with the address of a scheduler; None when nothing is.

    Parameters
    ----------
    address
        What the user wrote.
    is_tried
        Also connect to it.

    Examples
    --------
    >>> address_problem("tcp://10.0.0.1:8786")
    >>> address_problem("10.0.0.1")
    'expected an address such as "tcp://host:8786", or one with tls://, got "10.0.0.1".'
    """
    place = _host_and_port(address)
    if place is None:
        example = 'expected an address such as "tcp://host:8786", or one with tls://'
        return f'{example}, got "{address}".'
    if not is_tried:
        return None
    try:
        socket.create_connection(place, timeout=TRIAL_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        return (
            f"nobody listens at {address} ({reason}). Start a scheduler there (dask scheduler), or "
            "leave the address out for a cluster on this machine."
        )
    return None


def _host_and_port(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # The port is no number, or the brackets do not match.
        return None
    rest = (parts.path, parts.query, parts.fragment, parts.username)
    if parts.scheme not in SCHEMES or not host or not port or any(rest):
        return None
    return host, port
