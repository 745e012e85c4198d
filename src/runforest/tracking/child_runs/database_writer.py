"""Child runs and other rows written straight into the database of MLflow's store, many at once.

Three calls of the client cost 20 ms a trial, nearly all of it in MLflow's object-relational layer.
This module stands on inner parts of MLflow 3.17.2, as no other does: the store of a client, its
session maker, its tables and its checks of values. `tests/tracking/test_child_runs.py` and
`test_runs.py` compare what it writes with what the client writes.
"""

from __future__ import annotations

import atexit
import uuid
from typing import TYPE_CHECKING, Any

from runforest.tracking.child_runs.child_run import NAME_TAG, PARENT_TAG, TRIAL_TAG, FoundChild
from runforest.tracking.store.insertion import insert_rows
from runforest.tracking.store.refusals import is_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Param, RunTag
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.orm import Session

    from runforest.tracking.child_runs.child_run import ChildRun, Move
    from runforest.tracking.store.insertion import Row

_DATABASES = {"sqlite", "postgresql", "mysql", "mssql"}


def sql_store(client: MlflowClient) -> SqlAlchemyStore | None:
    """Return the database behind a client, None when there is a server in between."""
    if client.tracking_uri.partition(":")[0].partition("+")[0] not in _DATABASES:
        return None
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store  # noqa: SLF001 - see the module's docstring
    return store if isinstance(store, SqlAlchemyStore) else None


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


def add_rows(
    store: SqlAlchemyStore,
    run_id: str,
    *,
    params: Sequence[Param] = (),
    tags: Sequence[RunTag] = (),
) -> None:
    """Record parameters and tags of a run, some hundred at most; those that it has stay."""
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
            new = {row.key: _row(run_id, row.key, row.value) for row in rows}
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


class BulkChildRuns:
    """Child runs in a database."""

    n_at_once = 100

    def __init__(self, store: SqlAlchemyStore) -> None:
        self._store = store

    def write(self, children: Sequence[ChildRun]) -> list[MlflowException]:
        """Record finished trials, all or none; those that are refused one by one."""
        from mlflow.exceptions import MlflowException

        if not children:
            return []
        try:
            self._insert(children)
        except MlflowException as error:
            if not is_refusal(error):
                raise
            if len(children) == 1:
                return [error]
            return [refusal for child in children for refusal in self.write([child])]
        return []

    def find(self, experiment_id: str, tag: str, value: str) -> list[FoundChild]:
        """Return the child runs of trials that have a tag."""
        from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
        from sqlalchemy import and_, select
        from sqlalchemy.orm import aliased

        by, uid, parent = aliased(SqlTag), aliased(SqlTag), aliased(SqlTag)
        query: Any = select(
            SqlRun.run_uuid, uid.value, parent.value, SqlRun.name, SqlRun.status, SqlRun.end_time
        ).where(SqlRun.experiment_id == int(experiment_id), SqlRun.lifecycle_stage == "active")
        for alias, key in ((by, tag), (uid, TRIAL_TAG), (parent, PARENT_TAG)):
            query = query.join(alias, and_(alias.run_uuid == SqlRun.run_uuid, alias.key == key))
        with self._store.ManagedSessionMaker() as session:
            rows = session.execute(query.where(by.value == value)).all()
        fields = ("run_id", "uid", "parent_id", "name", "status", "ended_ms")
        return [FoundChild(**dict(zip(fields, row, strict=True))) for row in rows]

    def move(self, moves: Sequence[Move]) -> None:
        """Give child runs another parent, all or none."""
        from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
        from sqlalchemy import update

        if not moves:
            return
        parents = [_row(move.run_id, PARENT_TAG, move.parent_id) for move in moves]
        names = [_row(move.run_id, NAME_TAG, move.name) for move in moves]
        runs = [{"run_uuid": move.run_id, "name": move.name} for move in moves]
        with self._store.ManagedSessionMaker(read_only=False) as session:
            session.execute(update(SqlTag), parents + names)  # by primary key
            session.execute(update(SqlRun), runs)

    def _insert(self, children: Sequence[ChildRun]) -> None:
        from mlflow.store.tracking.dbmodels import models

        tables: tuple[tuple[type, list[Row]], ...] = (
            (models.SqlRun, []),
            (models.SqlTag, []),
            (models.SqlParam, []),
            (models.SqlMetric, []),
            (models.SqlLatestMetric, []),
        )
        with self._store.ManagedSessionMaker(read_only=False) as session:
            folder = self._artifact_folder(session, children[0].experiment_id)
            for child in children:
                for (_, rows), new in zip(tables, self._rows(child, folder), strict=True):
                    rows.extend(new)
            for table, rows in tables:
                insert_rows(session, table, rows)

    def _artifact_folder(self, session: Session, experiment_id: str) -> str:
        """Return where the experiment's artifacts are; refuse one that was deleted."""
        from mlflow.store.tracking.dbmodels.models import SqlExperiment
        from sqlalchemy import select

        columns = SqlExperiment.experiment_id, SqlExperiment.lifecycle_stage
        query: Any = select(*columns, SqlExperiment.artifact_location)
        experiment = session.execute(query.filter_by(experiment_id=int(experiment_id))).one()
        self._store._check_experiment_is_active(experiment)  # noqa: SLF001
        return str(experiment.artifact_location)

    def _rows(self, child: ChildRun, folder: str) -> Iterator[list[Row]]:
        """Return the rows of each table, after MLflow's own checks."""
        from mlflow.utils.validation import _validate_batch_log_data

        run_id = uuid.uuid4().hex
        metrics, params, tags = _validate_batch_log_data(*child.batch())
        yield [_run_row(child, run_id, folder)]
        yield [_row(run_id, tag.key, tag.value) for tag in tags]
        yield [_row(run_id, param.key, param.value) for param in params]
        rows = [self._metric_row(run_id, metric) for metric in metrics]
        yield rows
        # The latest is that of the greatest step, and steps of a metric differ.
        latest = {row["key"]: row for row in sorted(rows, key=lambda row: int(row["step"]))}
        yield list(latest.values())

    def _metric_row(self, run_id: str, metric: Any) -> Row:  # noqa: ANN401 - MLflow's Metric
        is_nan, value = self._store.sanitize_metric_value(metric.value)
        return {
            "run_uuid": run_id,
            "key": metric.key,
            "value": value,
            "timestamp": metric.timestamp,
            "step": metric.step,
            "is_nan": is_nan,
        }


def _run_row(child: ChildRun, run_id: str, folder: str) -> Row:
    """Return the row that `SqlAlchemyStore.create_run` and `update_run_info` leave."""
    from mlflow.utils.uri import append_to_uri_path

    return {
        "run_uuid": run_id,
        "name": child.name,
        "experiment_id": int(child.experiment_id),
        "artifact_uri": append_to_uri_path(folder, run_id, "artifacts"),
        "source_type": "UNKNOWN",
        "source_name": "",
        "source_version": "",
        "entry_point_name": "",
        "user_id": "unknown",
        "status": child.status,
        "start_time": child.started_ms,
        "end_time": child.ended_ms,
        "deleted_time": None,
        "lifecycle_stage": "active",
    }


def _row(run_id: str, key: str, value: str) -> Row:
    return {"run_uuid": run_id, "key": key, "value": value}
