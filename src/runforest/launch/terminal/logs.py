"""Logging, set up once: short lines for people, libraries quiet."""

from __future__ import annotations

import logging
import sys

FORMAT = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

_QUIET = ("luigi", "luigi-interface", "luigi.scheduler", "alembic", "mlflow", "git", "matplotlib")


def set_up_logging(level: str) -> None:
    """Send log records to standard error; third-party libraries log warnings alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMAT)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The run's summary names a failed task, and its traceback is an artifact.
    logging.getLogger("luigi-interface").setLevel(logging.CRITICAL)
    # Retries that help are no news; those that do not end in a message of our own.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
