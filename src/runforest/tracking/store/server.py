"""The MLflow server over a local store, as small as it can be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from runforest.errors import StoreError
from runforest.layout import Layout
from runforest.tracking.store.uri import artifact_uri

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.tracking.store.uri import StoreUri


def server_command(
    uri: StoreUri, project: Path, host: str, port: int
) -> tuple[list[str], dict[str, str]]:
    """Return the command line of a server and the environment it needs.

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
