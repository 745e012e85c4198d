"""The SQLite file of a local store, read and changed without MLflow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from runforest.foundation.errors import StoreError
from runforest.foundation.layout import home_note
from runforest.tracking.store.uri import artifact_uri

if TYPE_CHECKING:
    from pathlib import Path

LOCK_TIMEOUT_S = 5.0
_COLUMNS = (("experiments", "artifact_location"), ("runs", "artifact_uri"))


def has_schema(path: Path) -> bool:
    """Return whether MLflow has created its tables in a file, which can be written now.

    Raises
    ------
    StoreError
        It is corrupt, locked by another program for longer than `LOCK_TIMEOUT_S`, or read-only.
    """
    if not path.exists():
        return False
    query = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            n_tables = base.execute(query).fetchone()[0]
            base.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        message = f"{path}: {_remedy(str(error))}"
        raise StoreError(message) from None
    return bool(n_tables)


def use_wal(path: Path) -> None:
    """Switch the file to write-ahead logging, for good: a quarter of the syncs of a trial."""
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")


def follow_move(store: Path) -> None:
    """Make the artifact paths of a local store those of where it lies now.

    Where it lay at its last use is noted in a file beside it. There is no way through MLflow: an
    experiment's location is fixed when it is created, and new runs of a moved project would be
    written to the old place.
    """
    note, home = home_note(store), store.parent
    before = home / note.read_text(encoding="utf-8") if note.exists() else home
    if before != home and store.exists():
        _replace_prefix(store, before, home)
    if not note.exists() or before != home:
        note.write_text(str(home), encoding="utf-8")


def _replace_prefix(store: Path, before: Path, after: Path) -> None:
    old_starts = {f"{before}/", f"file://{before}/", f"{before.as_uri()}/"}
    new = f"{artifact_uri(after)}/"
    with closing(sqlite3.connect(store)) as base, base:
        for table, column in _COLUMNS:
            moved = [
                (new + uri.removeprefix(old), row)
                for row, uri in base.execute(f"SELECT rowid, {column} FROM {table}")  # noqa: S608 - names of ours
                for old in old_starts
                if uri and uri.startswith(old)
            ]
            base.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", moved)  # noqa: S608


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
