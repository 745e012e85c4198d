"""Rows written straight into the database of MLflow's store, and what a run of it is read by.

This module and `child_runs/database_writer.py` stand on inner parts of MLflow, as no other does:
the store of a client, its session maker, its tables and its checks of values. The tests compare
what they write with what the client writes.
"""

from __future__ import annotations

import atexit
import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from runforest.tracking.store.uri import StoreUri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Param, RunTag
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.orm import Session

Row = dict[str, Any]

logger = logging.getLogger(__name__)

_COLUMNS = {
    "runs": {
        *("run_uuid", "name", "experiment_id", "artifact_uri", "user_id", "status"),
        *("source_type", "source_name", "source_version", "entry_point_name"),
        *("start_time", "end_time", "deleted_time", "lifecycle_stage"),
    },
    "tags": {"run_uuid", "key", "value"},
    "params": {"run_uuid", "key", "value"},
    "metrics": {"run_uuid", "key", "value", "timestamp", "step", "is_nan"},
    "latest_metrics": {"run_uuid", "key", "value", "timestamp", "step", "is_nan"},
}
"""The tables that are written, with all their columns."""

_OTHER_TABLES = (
    "The store's table %s has other columns than Runforest writes (%s): runs are recorded through "
    "MLflow's client, which takes longer."
)


def sql_store(client: MlflowClient) -> SqlAlchemyStore | None:
    """Return the database behind a client, None when there is a server in between."""
    if not StoreUri(client.tracking_uri).is_database:
        return None
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store  # noqa: SLF001 - see the module's docstring
    return store if isinstance(store, SqlAlchemyStore) else None


def writable_store(client: MlflowClient) -> SqlAlchemyStore | None:
    """Return the database behind a client if its tables are those that are written here.

    What counts is the tables, not the version of MLflow, whose releases mostly leave them alone.
    """
    store = sql_store(client)
    return store if store and _has_known_tables(store) else None


@cache
def _has_known_tables(store: SqlAlchemyStore) -> bool:
    from sqlalchemy import inspect

    database = inspect(store.engine)
    for table, known in _COLUMNS.items():
        names = {column["name"] for column in database.get_columns(table)}
        if names != known:
            logger.warning(_OTHER_TABLES, table, ", ".join(sorted(names ^ known)))
            return False
    return True


def relax_sync(client: MlflowClient) -> None:
    """Let the connections to a SQLite file with a write-ahead log sync at checkpoints only.

    The file stays whole when the power fails; what may be missing of the last seconds stands in
    the runs' journals.
    """
    from sqlalchemy import event

    store = sql_store(client)
    if store is None or event.contains(store.engine, "connect", _sync_at_checkpoints):
        return
    event.listen(store.engine, "connect", _sync_at_checkpoints)
    store.engine.dispose()  # connections that were opened before
    atexit.register(store.engine.dispose)  # the last one that is closed tidies the log away


def _sync_at_checkpoints(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        connection.execute("PRAGMA synchronous=NORMAL")


def log_rows(
    client: MlflowClient,
    run_id: str,
    *,
    params: Sequence[Param] = (),
    tags: Sequence[RunTag] = (),
) -> None:
    """Record parameters and tags of a run, straight into a database; those that it has stay."""
    store = writable_store(client)
    if store is None and (params or tags):
        client.log_batch(run_id, params=list(params), tags=list(tags))
    elif store and (params or tags):
        _add_rows(store, run_id, params, tags)


def _add_rows(
    store: SqlAlchemyStore, run_id: str, params: Sequence[Param], tags: Sequence[RunTag]
) -> None:
    from mlflow.store.tracking.dbmodels.models import SqlParam, SqlTag
    from mlflow.utils.validation import _validate_batch_log_data, _validate_param_keys_unique
    from sqlalchemy import select

    _, params, tags = _validate_batch_log_data([], list(params), list(tags))
    _validate_param_keys_unique(params)
    tables: tuple[tuple[Any, Sequence[Param | RunTag]], ...] = ((SqlParam, params), (SqlTag, tags))
    with store.ManagedSessionMaker(read_only=False) as session:
        run = store._get_run(run_uuid=run_id, session=session)  # noqa: SLF001
        store._check_run_is_active(run)  # noqa: SLF001
        for table, rows in tables:
            new = {row.key: key_row(run_id, row.key, row.value) for row in rows}
            mine = select(table.key).where(table.run_uuid == run_id, table.key.in_(list(new)))
            for key in session.execute(mine).scalars() if new else ():
                new.pop(key, None)
            insert_rows(session, table, list(new.values()))


def read_run(store: SqlAlchemyStore, run_id: str, tag: str) -> tuple[str, str] | None:
    """Return a run's experiment and one of its tags, "" without it; None when there is no such run.

    The client reads all of a run, which may have thousands of parameters and tags.
    """
    from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
    from sqlalchemy import and_, select

    tags = and_(SqlTag.run_uuid == SqlRun.run_uuid, SqlTag.key == tag)
    query: Any = select(SqlRun.experiment_id, SqlTag.value).outerjoin(SqlTag, tags)
    with store.ManagedSessionMaker() as session:
        row = session.execute(query.where(SqlRun.run_uuid == run_id)).one_or_none()
    return (str(row[0]), row[1] or "") if row else None


def key_row(run_id: str, key: str, value: object) -> Row:
    """Return the row of a tag or a parameter, or the part of a metric's that it shares."""
    return {"run_uuid": run_id, "key": key, "value": value}


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
