"""Rows inserted into a table with few calls of the database's driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

Row = dict[str, Any]

MAX_VALUES = 900
"""Values in one statement; any SQLite takes 999 (https://sqlite.org/limits.html)."""


def insert_rows(session: Session, model: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401 - a mapped class
    """Insert rows of equal keys, which name all columns that have no default in the database.

    Python's `sqlite3` lets other threads run for each row of an `executemany`, and gets the
    interpreter back after `sys.getswitchinterval()` only, if one computes. At 5 ms, Python's
    default, a trial of twenty rows then takes 75 ms and costs the computing thread 7 ms, beside 4
    and 0.5 ms with many rows in a statement.
    """
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        from sqlalchemy import insert

        session.execute(insert(model), list(rows))
        return
    columns = list(rows[0])
    size = MAX_VALUES // len(columns)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        marks = f"({', '.join('?' * len(columns))})"
        values = ", ".join([marks] * len(part))
        names = ", ".join(columns)
        statement = f"INSERT INTO {model.__tablename__} ({names}) VALUES {values}"  # noqa: S608 - names of MLflow's
        connection.exec_driver_sql(statement, tuple(row[name] for row in part for name in columns))
