"""A project that was moved: the store follows, since MLflow keeps absolute artifact paths."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from runforest.layout import home_note

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
)


def follow_move(store: Path) -> None:
    """Make the artifact paths of the project's own store those of where it lies now.

    Where it lay at its last use stands in a file beside it. There is no way through MLflow: an
    experiment's location is fixed when it is created, and new runs of a moved project would be
    written to the old place.

    Parameters
    ----------
    store
        The SQLite file; artifacts lie in folders beside it.
    """
    note = home_note(store)
    home = str(store.parent)
    before = note.read_text(encoding="utf-8") if note.exists() else home
    if before != home and store.exists():
        _replace_prefix(store, before, home)
    if not note.exists() or before != home:
        note.write_text(home, encoding="utf-8")


def _replace_prefix(store: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(store)) as base, base:
        for table, column in _COLUMNS:
            for scheme in ("", "file://"):
                old, new = f"{scheme}{before}/", f"{scheme}{after}/"
                query = f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - names of ours
                query += f"WHERE substr({column}, 1, ?) = ?"
                base.execute(query, (new, len(old) + 1, len(old), old))
