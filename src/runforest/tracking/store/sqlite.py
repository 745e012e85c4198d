"""The SQLite file of a local store, looked at without MLflow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from runforest.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_TIMEOUT_S = 5.0


def sqlite_path(uri: str) -> str:
    """Return the file of a `sqlite:///` URI.

    >>> sqlite_path("sqlite:////data/mlflow.db"), sqlite_path("sqlite:///mlflow.db")
    ('/data/mlflow.db', 'mlflow.db')
    """
    return uri.removeprefix("sqlite:///").partition("?")[0]


def check_sqlite(path: Path) -> None:
    """See that the file is a database that can be written now.

    Raises
    ------
    StoreError
        It is corrupt, locked by another program for longer than `LOCK_TIMEOUT_S`, or read-only.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            base.execute("SELECT count(*) FROM sqlite_master").fetchone()
            base.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        message = f"{path}: {_remedy(str(error))}"
        raise StoreError(message) from None


def has_schema(path: Path) -> bool:
    """Return whether MLflow has created its tables in the file."""
    if not path.exists():
        return False
    query = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    with closing(sqlite3.connect(path)) as base:
        return bool(base.execute(query).fetchone()[0])


def use_wal(path: Path) -> None:
    """Switch the file to write-ahead logging, for good: a quarter of the syncs of a trial."""
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")


def _remedy(error: str) -> str:
    if "locked" in error:
        return (
            f"the store is locked by another program ({error}). Wait for it, or close it: a "
            "database viewer with an open transaction, for instance."
        )
    if "readonly" in error:
        return f"the store is read-only ({error}). Make the file and its folder writable."
    return (
        f"the store is damaged ({error}). Restore it from a backup, or move it away to start a "
        "new one; artifacts are not affected."
    )
