"""Logging, set up once: short lines for people, libraries quiet."""

from __future__ import annotations

import logging
import sys

_QUIET = ("luigi", "luigi-interface", "luigi.scheduler", "alembic", "mlflow", "git", "matplotlib")


def set_up_logging(level: str) -> None:
    """Send log records to standard error; third-party libraries speak up only to warn."""
    logging.basicConfig(
        level=level,
        stream=sys.stderr,
        force=True,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A failed task is told by the run's summary, with its traceback kept as an artifact.
    logging.getLogger("luigi-interface").setLevel(logging.CRITICAL)
    # Retries that help are no news; those that do not end in a message of our own.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
