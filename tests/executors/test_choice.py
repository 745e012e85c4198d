"""A wrong choice of executor gets a message with its remedy, before anything runs."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
import time

import pytest

from runforest.executors import EXECUTORS, executor_problems, open_executor
from runforest.executors.dask import connection
from runforest.executors.dask.connection import ClusterError
from tests.conftest import free_port


def test_the_serial_executor_has_one_job() -> None:
    assert 'Set executor = "processes"' in executor_problems("serial", 2)["n_jobs"]


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_sound_choice_has_no_problems(name: str) -> None:
    assert executor_problems(name, 1) == {}


@pytest.mark.parametrize("name", [name for name in EXECUTORS if name != "dask"])
def test_an_address_belongs_to_the_dask_executor(name: str) -> None:
    assert 'Set executor = "dask"' in executor_problems(name, 1, "tcp://localhost:1")["address"]


@pytest.mark.parametrize(
    "address",
    [
        "localhost",
        "localhost:8786",
        "http://localhost:8786",
        "tcp://localhost",
        "tcp://:8786",
        "tcp://localhost:port",
        "tcp://localhost:99999",
        "tcp://[::1:8786",
        "tcp://host:1/path",
    ],
)
def test_a_malformed_address_is_answered_with_an_example(address: str) -> None:
    assert 'such as "tcp://host:8786"' in executor_problems("dask", 1, address)["address"]
    with pytest.raises(ClusterError, match="such as"):
        open_executor("dask", 1, address=address)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "no-such-host.invalid"])
def test_an_address_where_nobody_listens_is_a_problem(host: str) -> None:
    address = f"tcp://{host}:{free_port()}"

    assert f"nobody listens at {address}" in executor_problems("dask", 1, address)["address"]


def test_an_address_that_swallows_packets_is_given_up_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "TRIAL_S", 0.5)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # What the backlog does not hold is dropped without an answer.
            one.settimeout(0)
            one.connect_ex(place)
        began_s = time.monotonic()

        problems = executor_problems("dask", 1, f"tcp://127.0.0.1:{place[1]}")

        for one in waiting:
            one.close()
    assert "(timed out). Start a scheduler there" in problems["address"]
    assert time.monotonic() - began_s < 5


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "distributed", raising=False)
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "Editable" not in str(f)])

    assert "pip install runforest[dask]" in executor_problems("dask", 1)["executor"]


def test_a_scheduler_that_is_gone_when_it_is_needed_is_an_error() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"

    with pytest.raises(ClusterError, match=r"nobody listens at .* Start a scheduler there"):
        open_executor("dask", 1, address=address)


def test_a_listener_that_is_no_scheduler_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(ClusterError, match=r"no Dask scheduler answers .* in 1 s"):
            open_executor("dask", 1, address=address)


def test_a_listener_that_answers_in_another_protocol_is_an_error() -> None:
    class Refusing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{web.server_address[1]}"

        with pytest.raises(
            ClusterError, match=rf"no Dask scheduler answers at {address} \(.*\)\. Start"
        ):
            open_executor("dask", 1, address=address)

        web.shutdown()


def test_tls_without_certificates_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"

        with pytest.raises(ClusterError, match="name the certificates in Dask's configuration"):
            open_executor("dask", 1, address=address)
