"""Child runs written straight into the database of MLflow's store, many at once.

Three calls of the client cost 20 ms a trial, nearly all of it in MLflow's object-relational layer.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from runforest.tracking.child_runs.child_run import FoundChild
from runforest.tracking.store.database import insert_rows, key_row
from runforest.tracking.store.failures import refusals_of
from runforest.tracking.tags import NAME_TAG, PARENT_TAG, TRIAL_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from runforest.tracking.child_runs.child_run import ChildRun
    from runforest.tracking.store.database import Row


class BulkChildRuns:
    """Child runs in a database."""

    n_at_once = 100

    def __init__(self, store: SqlAlchemyStore) -> None:
        self._store = store

    def write(self, children: Sequence[ChildRun]) -> list[MlflowException]:
        """Record finished trials, all or none; those that are refused one by one."""
        refusals = refusals_of(self._insert, children) if children else []
        if refusals and len(children) > 1:
            return [refusal for child in children for refusal in self.write([child])]
        return refusals

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

    def move(self, moves: Mapping[str, ChildRun]) -> None:
        """Give child runs, by their ids, another parent and name, all or none."""
        from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
        from sqlalchemy import update

        if not moves:
            return
        parents = [key_row(run_id, PARENT_TAG, child.parent_id) for run_id, child in moves.items()]
        names = [key_row(run_id, NAME_TAG, child.name) for run_id, child in moves.items()]
        runs = [{"run_uuid": run_id, "name": child.name} for run_id, child in moves.items()]
        with self._store.ManagedSessionMaker(read_only=False) as session:
            session.execute(update(SqlTag), parents + names)  # by primary key
            session.execute(update(SqlRun), runs)

    def _insert(self, children: Sequence[ChildRun]) -> None:
        from mlflow.store.tracking.dbmodels import models

        tables = (
            *(models.SqlRun, models.SqlTag, models.SqlParam),
            *(models.SqlMetric, models.SqlLatestMetric),
        )
        experiment = self._store.get_experiment(children[0].experiment_id)
        self._store._check_experiment_is_active(experiment)  # noqa: SLF001
        folder = experiment.artifact_location
        with self._store.ManagedSessionMaker(read_only=False) as session:
            rows = zip(*(self._rows(child, folder) for child in children), strict=True)
            for table, parts in zip(tables, rows, strict=True):
                insert_rows(session, table, [row for part in parts for row in part])

    def _rows(self, child: ChildRun, folder: str) -> Iterator[list[Row]]:
        """Return the rows of each table, after MLflow's own checks."""
        from mlflow.utils.validation import _validate_batch_log_data

        run_id = uuid.uuid4().hex
        metrics, params, tags = _validate_batch_log_data(*child.batch())
        yield [_run_row(child, run_id, folder)]
        yield [key_row(run_id, tag.key, tag.value) for tag in tags]
        yield [key_row(run_id, param.key, param.value) for param in params]
        rows: list[Row] = []
        for metric in metrics:
            is_nan, value = self._store.sanitize_metric_value(metric.value)
            row = {**key_row(run_id, metric.key, value), "is_nan": is_nan}
            rows.append({**row, "timestamp": metric.timestamp, "step": metric.step})
        yield rows
        # The latest is that of the greatest step, and steps of a metric differ.
        latest = {row["key"]: row for row in sorted(rows, key=lambda row: int(row["step"]))}
        yield list(latest.values())


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
