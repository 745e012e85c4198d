"""Logging, set up once: short lines for people, libraries quiet."""

from __future__ import annotations

import logging
import sys

from runforest.launch.terminal.console import KEPT_ONLY_MARK

KEPT_ONLY = "is_kept_only"
"""Key of a record's `extra`: true for a line of the console log that the terminal need not show."""

_QUIET = ("luigi", "luigi-interface", "luigi.scheduler", "alembic", "mlflow", "git", "matplotlib")


def set_up_logging(level: str) -> None:
    """Send log records to standard error; third-party libraries speak up only to warn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A failed task is told by the run's summary, with its traceback kept as an artifact.
    logging.getLogger("luigi-interface").setLevel(logging.CRITICAL)
    # Retries that help are no news; those that do not end in a message of our own.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = KEPT_ONLY_MARK if getattr(record, KEPT_ONLY, False) else ""
        return mark + super().format(record)
