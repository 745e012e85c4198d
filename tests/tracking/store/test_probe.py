"""A server is probed as MLflow's client speaks to it; what keeps it away has its own message."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import os
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runforest.foundation.errors import StoreError
from runforest.tracking.store.connect import connect
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("clear_environment")

HEALTH, API = "/health", "/api/"


@contextmanager
def server(
    statuses: dict[str, int], certificate: Path | None = None
) -> Iterator[tuple[str, list[str | None]]]:
    """Answer `{}` with a status by path; yield the address and the logins that were sent."""
    logins: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            logins.append(self.headers.get("Authorization"))
            found = [code for start, code in statuses.items() if self.path.startswith(start)]
            self.send_response(*found or [200])
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"no" if found else b"{}")

        do_POST = do_GET  # noqa: N815 - as the library calls it

        def log_message(self, *_: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True)
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{http.server_port}", logins
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a certificate of 127.0.0.1, signed by its own key, and that key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "private")])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(
        signed.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return file


def refusal(url: str, project: Path) -> str:
    """Return why a server is refused."""
    with pytest.raises(StoreError) as refused:
        connect(url, project)
    assert "db upgrade" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_in_trouble_is_unreachable(tmp_path: Path, status: int) -> None:
    with server({HEALTH: status}) as (url, _):
        message = refusal(url.replace("//", "//me:hidden@"), tmp_path)

    assert "hidden" not in message
    assert f"is out of order ({status}). See its log" in message


@pytest.mark.parametrize("path", [HEALTH, API])
@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "Set MLFLOW_TRACKING_USERNAME and"), (403, "name the host of this address in the")],
)
def test_the_error_of_a_server_that_refuses_a_user_names_what_to_set(
    tmp_path: Path, path: str, status: int, remedy: str
) -> None:
    with server({path: status}) as (url, _):
        message = refusal(url, tmp_path)

    assert f"({status})" in message
    assert remedy in message


def test_a_web_site_that_is_no_tracking_server_is_refused(tmp_path: Path) -> None:
    with server({"/": 404}) as (url, _):
        message = refusal(url, tmp_path)

    assert "does not answer as a tracking server does" in message
    assert "correct the address" in message


def test_a_server_that_is_not_there_is_to_be_started(tmp_path: Path) -> None:
    message = refusal(f"http://127.0.0.1:{free_port()}", tmp_path)

    assert "no tracking server answers" in message
    assert "Connection refused). Start it" in message


def test_the_login_of_the_environment_goes_with_every_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")

    with server({}) as (url, logins):
        connect(url, tmp_path)

    assert set(logins) == {"Bearer secret"}


def test_name_and_password_of_an_address_go_with_every_request(tmp_path: Path) -> None:
    with server({}) as (url, logins):
        connect(url.replace("//", "//me:hidden@"), tmp_path).search_experiments()

    assert set(logins) == {f"Basic {base64.b64encode(b'me:hidden').decode()}"}


def test_a_certificate_of_an_unknown_authority_is_refused(
    tmp_path: Path, certificate: Path
) -> None:
    with server({}, certificate) as (url, _):
        message = refusal(url, tmp_path)

    assert "the certificate of https" in message
    for name in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "INSECURE_TLS"):
        assert name in message


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", ""),
        ("REQUESTS_CA_BUNDLE", ""),
        ("MLFLOW_TRACKING_INSECURE_TLS", "true"),
    ],
)
def test_a_server_with_a_private_authority_is_used(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value or str(certificate))

    with server({}, certificate) as (url, _):
        client = connect(url, tmp_path)

        assert client.search_experiments() == []


def test_a_missing_file_of_the_authority_is_named(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", os.devnull + "/none.pem")

    with server({}, certificate) as (url, _):
        message = refusal(url, tmp_path)

    assert "none.pem" in message
    assert "the certificate of https" in message
