"""Connections to a server are closed after each request only where open ones stall."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runforest.tracking.connections import avoid_stalls, is_stalling
from tests.conftest import free_port
from tests.tracking.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"


@contextmanager
def answering(*, is_in_two: bool) -> Iterator[tuple[str, list[bytes]]]:
    """Serve `{}` to all, in one segment or in two; lend the address and the requests' heads."""
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as requests:
            while requests.readline():
                lines = list(iter(requests.readline, b"\r\n"))
                heads.append(b"".join(lines))
                if is_in_two:
                    connection.sendall(HEAD)
                    connection.sendall(b"{}")
                else:
                    connection.sendall(HEAD + b"{}")
                if b"connection: close" in heads[-1].lower():
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(autouse=True)
def keep_providers() -> Iterator[None]:
    """Undo what a test adds to the headers of MLflow's client."""
    from mlflow.tracking.request_header.registry import _request_header_provider_registry

    before = list(_request_header_provider_registry._registry)
    yield
    _request_header_provider_registry._registry[:] = before
    avoid_stalls.cache_clear()


@pytest.mark.usefixtures("clear_environment")
@pytest.mark.parametrize("is_in_two", [True, False])
def test_connections_are_closed_where_answers_come_in_two_segments(*, is_in_two: bool) -> None:
    from mlflow import MlflowClient

    with answering(is_in_two=is_in_two) as (url, heads):
        avoid_stalls(url)
        MlflowClient(tracking_uri=url).search_experiments()

    assert (b"connection: close" in heads[-1].lower()) == is_in_two


def test_a_server_that_is_gone_is_no_stalling_one() -> None:
    assert not is_stalling(f"http://127.0.0.1:{free_port()}")


@pytest.mark.slow
def test_a_server_of_one_worker_does_not_stall(server: str) -> None:
    assert not is_stalling(server)


@pytest.mark.slow
def test_a_server_of_several_workers_stalls(tmp_path: Path, empty_store: Path) -> None:
    shutil.copy2(empty_store, tmp_path / "server.db")

    with serving(tmp_path, n_workers=4) as (url, _):
        assert is_stalling(url)
