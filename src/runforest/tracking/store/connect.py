"""The connection to a tracking store, refused with a message before MLflow waits for it.

What several read through a connection is here as well.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from typing import TYPE_CHECKING

from filelock import FileLock

from runforest.foundation.errors import StoreError, causes
from runforest.foundation.importing import uncollected
from runforest.foundation.layout import Layout, store_lock
from runforest.tracking.store.database import relax_sync
from runforest.tracking.store.sqlite import follow_move, has_schema, use_wal
from runforest.tracking.store.uri import StoreUri, artifact_uri, hide_password

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

PROBE_TIMEOUT_S = 5.0
PAGE_SIZE = 1000
_SERVER_ERROR = 500
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow's own settings wait over four minutes for a server that is gone.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_OR_LOCAL = "or leave it empty to use the project's SQLite file."
_NO_ANSWER = (
    "no tracking server answers at {uri} ({reason}). Start it, correct the address, "
    f"{_OR_LOCAL}"
)
_UNTRUSTED = (
    "the certificate of {uri} is not trusted ({reason}). Name the file of its authority in "
    "MLFLOW_TRACKING_SERVER_CERT_PATH or REQUESTS_CA_BUNDLE; or set MLFLOW_TRACKING_INSECURE_TLS "
    "to true to do without a check."
)
_OUT_OF_ORDER = (
    "the server at {uri}, or what is in front of it, is out of order ({reason}). See its log, "
    f"{_OR_LOCAL}"
)
_NO_STORE = (
    "{uri} does not answer as a tracking server does: {reason} See the server's log, or correct "
    "the address."
)
_UNUSABLE = (
    "the store {uri} cannot be used: {reason} If its schema is older than this MLflow, back it up "
    "and run `mlflow db upgrade`."
)
_BY_STATUS = {
    401: "{uri} wants a login (401). Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
    "MLFLOW_TRACKING_TOKEN, in the environment or .env.",
    403: "{uri} forbids the access (403). Let its operator give the user of "
    "MLFLOW_TRACKING_USERNAME or MLFLOW_TRACKING_TOKEN the permission, or name the host of this "
    "address in the server's --allowed-hosts.",
}


def connect(configured: str, project: Path) -> MlflowClient:
    """Return a client of the store that MLFLOW_TRACKING_URI names, created if it is a new file.

    Raises
    ------
    StoreError
        The store cannot be reached, is locked, corrupt or cannot be written.
    """
    uri = StoreUri.configured(configured, project)
    for key, value in _ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    os.environ["MLFLOW_TRACKING_URI"] = uri.text
    check_folder(Layout(project).output)
    check_reachable(uri)
    return _connect_sqlite(uri, uri.file) if uri.file else _client(uri)


def check_folder(folder: Path) -> None:
    """Raise StoreError if files cannot be created in the output folder."""
    probe = folder / f".write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = (
            f"{folder}: cannot write ({error.strerror}). Make the folder writable, or set "
            "PROJECT_ROOT to a project folder that is."
        )
        raise StoreError(message) from None


def check_reachable(uri: StoreUri) -> None:
    """Raise StoreError if a server does not answer MLflow's client within seconds, or refuses."""
    if not uri.is_server:
        return
    with uncollected():
        from mlflow.exceptions import MlflowException
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request
    from requests.exceptions import SSLError

    try:
        answer = http_request(
            get_default_host_creds(uri.text),
            "/health",
            "GET",
            max_retries=0,
            timeout=PROBE_TIMEOUT_S,
            raise_on_status=False,
        )
    except MlflowException as error:
        behind = list(causes(error))
        # A plain OSError says that there is no such file of certificates.
        is_untrusted = any(isinstance(one, SSLError) or type(one) is OSError for one in behind)
        problem = _UNTRUSTED if is_untrusted else _NO_ANSWER
        raise _refusal(problem, uri, behind[-1]) from None
    status = answer.status_code
    if status >= _SERVER_ERROR or status in _BY_STATUS:
        raise _refusal(_BY_STATUS.get(status, _OUT_OF_ORDER), uri, status)


def is_reachable(uri: str) -> bool:
    """Return whether a store answers, as `check_reachable` sees it."""
    try:
        check_reachable(StoreUri(uri))
    except StoreError:
        return False
    return True


def _refusal(problem: str, uri: StoreUri, reason: object) -> StoreError:
    first_line = hide_password(str(reason)).strip().partition("\n")[0][:300]
    return StoreError(f"MLFLOW_TRACKING_URI: {problem.format(uri=uri.shown, reason=first_line)}")


def _connect_sqlite(uri: StoreUri, path: Path) -> MlflowClient:
    check_folder(path.parent)
    # Two processes that create one store together break it for good.
    with FileLock(store_lock(path)):
        is_new = not has_schema(path)
        follow_move(path)
        client = _client(uri)
        if is_new:
            use_wal(path)
        relax_sync(client)
    return client


def _client(uri: StoreUri) -> MlflowClient:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db").setLevel(logging.WARNING)
    with uncollected():
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from mlflow.store.tracking import sqlalchemy_store  # noqa: F401
        from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(tracking_uri=uri.text)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        status = error.get_http_status_code() if isinstance(error, MlflowException) else 0
        problem = _BY_STATUS.get(status, _NO_STORE) if uri.is_server else _UNUSABLE
        raise _refusal(problem, uri, error) from error
    return client


def find_runs(
    client: MlflowClient, query: str = "", experiments: list[str] | None = None
) -> Iterator[MlflowRun]:
    """Yield the runs that a query selects, those of all experiments by default."""
    searched = experiments or [found.experiment_id for found in client.search_experiments()]
    token = None
    while True:
        page = client.search_runs(searched, query, max_results=PAGE_SIZE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def find_active_run(client: MlflowClient, run_id: str) -> MlflowRun | None:
    """Return a run, None when it was deleted or is of another store."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None


def server_command(
    uri: StoreUri, project: Path, host: str, port: int
) -> tuple[list[str], dict[str, str]]:
    """Return the command line of MLflow's server over a local store, and the environment it needs.

    One worker and no job executor: two processes instead of fifteen.

    Raises
    ------
    StoreError
        The tracking URI is a server already.
    """
    if uri.is_server:
        message = f"MLFLOW_TRACKING_URI is a server already: open {uri.shown} in a browser."
        raise StoreError(message)
    command = [
        sys.executable, "-m", "mlflow", "server",
        "--default-artifact-root", artifact_uri(Layout(project).output),
        "--host", host,
        "--port", str(port),
        "--workers", "1",
        "--allowed-hosts", f"localhost:{port},127.0.0.1:{port},{host}:{port}",
    ]  # fmt: skip
    return command, {
        "MLFLOW_BACKEND_STORE_URI": uri.text,  # not for all to read, as a command line is
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
