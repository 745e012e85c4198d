"""The tracking store: which one, and whether it can be used, found out before MLflow is asked."""

from __future__ import annotations

import http.client
import os
import re
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from runforest.errors import StoreError
from runforest.importing import uncollected
from runforest.layout import Layout, store_lock
from runforest.tracking.store.database import relax_sync
from runforest.tracking.store.relocation import follow_move
from runforest.tracking.store.sqlite import check_sqlite, has_schema, sqlite_path, use_wal

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROBE_TIMEOUT_S = 5.0
_SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql", "databricks")
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow's own settings wait over four minutes for a server that is gone.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


def store_uri(configured: str, project: Path) -> str:
    """Return the URI of the tracking store; the project's own SQLite file by default.

    Raises
    ------
    StoreError
        The URI is that of a plain folder, which MLflow no longer supports, or of no store at all.
    """
    if not configured:
        return f"sqlite:///{Layout(project).database}"
    scheme = _scheme(configured)
    if scheme in {"", "file"}:
        message = (
            f'MLFLOW_TRACKING_URI: "{configured}" is a folder, which cannot hold a tracking store. '
            "Leave it empty for the project's SQLite file, or give sqlite:///..., http://... ."
        )
        raise StoreError(message)
    if scheme == "sqlite":
        return f"sqlite:///{project / sqlite_path(configured)}"
    if scheme.partition("+")[0] not in _SCHEMES:
        message = (
            f'MLFLOW_TRACKING_URI: "{hide_password(configured)}" names no kind of store that '
            f"MLflow knows. Give {', '.join(f'{known}://...' for known in _SCHEMES)}, or leave it "
            "empty for the project's SQLite file."
        )
        raise StoreError(message)
    return configured


def is_own_store(configured: str, project: Path) -> bool:
    """Return whether the store is the project's own file, of whose results there is an index."""
    own = Layout(project).database
    return not configured or (project / sqlite_path(configured)).resolve() == own.resolve()


def connect(uri: str, project: Path) -> MlflowClient:
    """Return a client of the store, created first if it is a new SQLite file.

    Raises
    ------
    StoreError
        The store cannot be reached, is locked, corrupt or cannot be written.
    """
    for key, value in _ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    os.environ["MLFLOW_TRACKING_URI"] = uri
    check_folder(Layout(project).output)
    check_reachable(uri)
    if _scheme(uri) == "sqlite":
        return _connect_sqlite(uri)
    return _client(uri)


def _scheme(uri: str) -> str:
    try:
        return urlsplit(uri).scheme
    except ValueError:  # its words would show the password
        message = (
            f'MLFLOW_TRACKING_URI: "{hide_password(uri)}" is no valid address. Put brackets around '
            "an IPv6 address alone (%5B and %5D in a password), or leave it empty to use the "
            "project's SQLite file."
        )
        raise StoreError(message) from None


def check_folder(folder: Path) -> None:
    """See that files can be created in the output folder.

    Raises
    ------
    StoreError
        They can't.
    """
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


def probe_server(uri: str) -> None:
    """See that a tracking server answers; any HTTP answer will do.

    Raises
    ------
    StoreError
        Nothing answers within `PROBE_TIMEOUT_S` seconds.
    """
    parts = urlsplit(uri)
    # A name and a password are not asked for here, and urllib takes them for a part of the host.
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        urllib.request.urlopen(f"{bare.rstrip('/')}/health", timeout=PROBE_TIMEOUT_S).close()  # noqa: S310 - http(s) by the caller
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        message = (
            f"MLFLOW_TRACKING_URI: no tracking server answers at {hide_password(uri)} ({reason}). "
            "Start it, correct the address, or leave it empty to use the project's SQLite file."
        )
        raise StoreError(message) from None


def check_reachable(uri: str) -> None:
    """See that a store may be asked: that of a server only when it answers.

    Raises
    ------
    StoreError
        It does not.
    """
    if _scheme(uri) in {"http", "https"}:
        probe_server(uri)


def is_reachable(uri: str) -> bool:
    """Return whether a store may be asked, as `check_reachable` sees it."""
    try:
        check_reachable(uri)
    except StoreError:
        return False
    return True


def hide_password(text: str) -> str:
    """Return a URI, or what is said of one, without its password.

    >>> hide_password("API request to http://me:secret@host:5000/x failed")
    'API request to http://me:***@host:5000/x failed'
    >>> hide_password("postgresql+psycopg://me:with/and@@host/x")  # as SQLAlchemy takes it
    'postgresql+psycopg://me:***@host/x'
    """
    return re.sub(r"(://[^:/\s]*:)\S*@", r"\1***@", text)


def _connect_sqlite(uri: str) -> MlflowClient:
    path = Path(sqlite_path(uri))
    check_folder(path.parent)
    # Two processes that create one store together break it for good.
    with FileLock(store_lock(path)):
        check_sqlite(path)
        is_new = not has_schema(path)
        follow_move(path)
        client = _client(uri)
        if is_new:
            client.search_experiments(max_results=1)
            use_wal(path)
        relax_sync(client)
    return client


def _client(uri: str) -> MlflowClient:
    import logging

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db").setLevel(logging.WARNING)
    with uncollected():
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from mlflow.store.tracking import sqlalchemy_store  # noqa: F401
        from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        first_line = hide_password(str(error)).strip().partition("\n")[0]
        message = (
            f"MLFLOW_TRACKING_URI: the store {hide_password(uri)} cannot be used: {first_line} "
            "If its schema is older than this MLflow, back it up and run `mlflow db upgrade`."
        )
        raise StoreError(message) from error
    return client
