"""Both ways to write child runs leave the same in the store."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from runforest.run.events import TrialFinished
from runforest.tracking.child_runs.child_run import finished_child
from runforest.tracking.child_runs.database_writer import BulkChildRuns
from runforest.tracking.child_runs.writers import ClientChildRuns, child_runs
from runforest.tracking.store.connect import connect
from runforest.tracking.store.database import sql_store
from runforest.tracking.tags import PARENT_TAG
from tests.tracking.conftest import STARTED_MS, local, trial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

    from runforest.tracking.child_runs.child_run import ChildRun
    from runforest.tracking.lifecycle.open_close import OpenedRun
    from tests.tracking.conftest import RecordedRun, Records

TABLES = ("runs", "tags", "params", "metrics", "latest_metrics")
TRIALS = {
    "complete": trial(0),
    "pruned": trial(1, state="pruned", value=None, std=None, fold_scores=[0.25]),
    "failed": trial(2, state="failed", value=None, std=None, fold_scores=[], reason="no luck"),
    "not finite": trial(3, fold_scores=[math.nan, math.inf, -math.inf], value=math.nan),
    "equal scores": trial(4, fold_scores=[0.5, 0.5, 0.5]),
    "long values": trial(5, params={"text": "x" * 7000, "k" * 200: 1}, state="failed"),
    "odd names": trial(6, params={"fare [GBP]": 1, "fare (GBP)": 2, "ünï": "ß"}),
    "two objectives": trial(7, further={"roc_auc": [0.5, 0.75, 1.0]}, study="abc"),
}


def as_child(parent: OpenedRun, fields: dict[str, Any]) -> ChildRun:
    return finished_child(parent, TrialFinished(**fields))


def by_client(recorded: RecordedRun) -> ClientChildRuns:
    return ClientChildRuns(recorded.client)


def in_bulk(recorded: RecordedRun) -> BulkChildRuns:
    store = sql_store(recorded.client)
    assert store is not None
    return BulkChildRuns(store)


Writer = ClientChildRuns | BulkChildRuns
WAYS = [by_client, in_bulk]
both_ways = pytest.mark.parametrize("way", WAYS)


def database(recorded: RecordedRun) -> Path:
    return recorded.project / "mlruns" / "mlflow.db"


def rows_of(recorded: RecordedRun) -> list[list[str]]:
    """Return the rows of the only child run in each table, without the ids of runs."""
    (child,) = recorded.children()
    found = []
    with closing(sqlite3.connect(database(recorded))) as base:
        base.row_factory = sqlite3.Row
        for table in TABLES:
            query = f"SELECT * FROM {table} WHERE run_uuid = ?"  # noqa: S608 - names of ours
            rows = [dict(row) for row in base.execute(query, [child.info.run_id])]
            found.append(sorted(without_ids(recorded, json.dumps(row), child) for row in rows))
    return found


def without_ids(recorded: RecordedRun, text: str, child: MlflowRun) -> str:
    return text.replace(child.info.run_id, "ID").replace(recorded.opened.run_id, "PARENT")


def write(way: Callable[[RecordedRun], Writer], recorded: RecordedRun) -> list[object]:
    children = [as_child(recorded.opened, one) for one in TRIALS.values()]
    return list(way(recorded).write(children))


@local
def test_the_client_returns_the_same_of_both(records: Records) -> None:
    first, second = records.open(), records.open()

    refused = [*write(by_client, first), *write(in_bulk, second)]

    assert refused == []
    assert len(first.children()) == len(second.children()) == len(TRIALS)
    twins = {child.data.tags["mlflow.runforest.trial"]: child for child in first.children()}
    for child in second.children():
        twin = twins[child.data.tags["mlflow.runforest.trial"]]
        assert told(second, child) == told(first, twin)


@local
@pytest.mark.parametrize("name", TRIALS)
def test_no_column_of_the_database_differs(records: Records, name: str) -> None:
    rows = []
    for way in WAYS:
        recorded = records.open()
        assert way(recorded).write([as_child(recorded.opened, TRIALS[name])]) == []
        rows.append(rows_of(recorded))

    assert rows[0] == rows[1]


def told(recorded: RecordedRun, child: MlflowRun) -> str:
    """Return all that MLflow's client tells of a child run, without the ids of runs."""
    run = recorded.client.get_run(child.info.run_id)
    histories = {
        key: [vars(one) for one in recorded.client.get_metric_history(run.info.run_id, key)]
        for key in run.data.metrics
    }
    text = json.dumps([run.to_dictionary(), histories], sort_keys=True, default=repr)
    return without_ids(recorded, text, child)


@local
@both_ways
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("metrics.accuracy > 0.615 and params.depth = '4'", ["trial 4"]),
        ("metrics.fold_accuracy = 0.25", ["trial 1"]),
        ("metrics.roc_auc = 0.75", ["trial 7"]),
        ("attributes.run_name = 'trial 2'", ["trial 2"]),
        ("attributes.status = 'FAILED' and tags.reason = 'no luck'", ["trial 2"]),
        ("attributes.status = 'KILLED'", ["trial 1"]),
        (f"attributes.start_time = {STARTED_MS + 6}", ["trial 6"]),
        (f"attributes.end_time = {STARTED_MS + 6 + 2500}", ["trial 6"]),
        ("params.`fare _GBP_` = '1' and params.`fare _GBP__` = '2'", ["trial 6"]),
        ("tags.`mlflow.runforest.study` = 'abc'", ["trial 7"]),
    ],
)
def test_a_search_finds_the_trial(
    records: Records, way: Callable[[RecordedRun], Writer], query: str, names: list[str]
) -> None:
    recorded = records.open()
    trials = TRIALS | {"equal scores": trial(4, value=0.62)}
    children = [as_child(recorded.opened, one) for one in trials.values()]
    way(recorded).write(children)

    found = recorded.client.search_runs([recorded.opened.experiment_id], query)

    assert sorted(run.info.run_name for run in found) == names


@local
@both_ways
def test_a_trial_that_the_store_refuses_costs_no_other(
    records: Records, way: Callable[[RecordedRun], Writer]
) -> None:
    recorded = records.open()
    trials = [
        trial(0),
        trial(1, started_ms=-STARTED_MS),
        trial(2),
        trial(3, started_ms=-STARTED_MS),
    ]

    refused = way(recorded).write([as_child(recorded.opened, one) for one in trials])

    finished = [run for run in recorded.children() if run.info.status == "FINISHED"]
    assert [run.info.run_name for run in finished] == ["trial 0", "trial 2"]
    assert len(refused) == 2
    assert "timestamp" in str(refused[0])


@local
@both_ways
def test_a_locked_database_is_waited_for(
    records: Records, way: Callable[[RecordedRun], Writer]
) -> None:
    recorded = records.open()
    holder = sqlite3.connect(database(recorded), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, holder.rollback)
    timer.start()

    refused = way(recorded).write([as_child(recorded.opened, trial(0))])

    timer.join()
    holder.close()
    assert refused == []
    assert recorded.names() == ["trial 0"]


@local
def test_a_write_that_fails_half_way_leaves_nothing(records: Records) -> None:
    recorded = records.open()
    with closing(sqlite3.connect(database(recorded))) as base:
        base.execute("DROP TABLE latest_metrics")

    with pytest.raises(Exception, match="latest_metrics"):
        in_bulk(recorded).write([as_child(recorded.opened, trial(0))])

    with closing(sqlite3.connect(database(recorded))) as base:
        assert base.execute("SELECT count(*) FROM runs").fetchone() == (1,)


@local
def test_a_deleted_experiment_takes_no_trials(records: Records) -> None:
    recorded = records.open()
    recorded.client.delete_experiment(recorded.opened.experiment_id)

    for way in WAYS:
        refused = way(recorded).write([as_child(recorded.opened, trial(0))])
        assert "must be in the 'active' state" in str(refused[0])


def test_child_runs_get_another_parent_and_name(records: Records) -> None:
    first, second = records.open(), records.open()
    store = child_runs(first.client)
    store.write([as_child(first.opened, trial(number)) for number in range(3)])
    moved = store.find(first.opened.experiment_id, PARENT_TAG, first.opened.run_id)
    moved = sorted(moved, key=lambda child: child.name)[:2]
    renamed = (as_child(second.opened, trial(number)) for number in (5, 6))

    store.move({found.run_id: child for found, child in zip(moved, renamed, strict=True)})

    assert first.names() == ["trial 2"]
    assert second.names() == ["trial 5", "trial 6"]
    assert [child.data.params["depth"] for child in second.children()] == ["0", "1"]
    tags = [child.data.tags["mlflow.runName"] for child in second.children()]
    assert tags == ["trial 5", "trial 6"]


def test_what_is_found_of_a_trial_is_what_was_written(records: Records) -> None:
    recorded = records.open()
    store = child_runs(recorded.client)
    child = as_child(recorded.opened, trial(0, study="key"))
    store.write([child, as_child(recorded.opened, trial(1, study="other"))])

    (found,) = store.find(recorded.opened.experiment_id, "mlflow.runforest.study", "key")

    assert found.is_complete(child)
    assert (found.uid, found.parent_id, found.name) == (child.uid, child.parent_id, "trial 0")


@pytest.mark.parametrize("records", ["server"], indirect=True)
@pytest.mark.slow
def test_a_trial_takes_three_requests_to_a_server(
    records: Records, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (log,) = tmp_path_factory.getbasetemp().glob("server[0-9]/server.log")
    recorded = records.open()

    def requests_for(n_trials: int) -> int:
        children = [as_child(recorded.opened, trial(number)) for number in range(n_trials)]
        before = log.read_text(encoding="utf-8").count(" /api/")
        assert by_client(recorded).write(children) == []
        return log.read_text(encoding="utf-8").count(" /api/") - before

    assert [requests_for(1), requests_for(5)] == [3, 15]


@local
def test_tables_with_other_columns_are_left_to_the_client(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    other = records.project / "other.db"
    shutil.copy2(records.project / "mlruns" / "mlflow.db", other)
    with closing(sqlite3.connect(other)) as base, base:
        base.execute("ALTER TABLE latest_metrics ADD COLUMN origin TEXT")
    client = connect(f"sqlite:///{other}", records.project)
    recorded = dataclasses.replace(records, client=client).open()

    for fields in (TRIALS["complete"], TRIALS["failed"]):
        recorded.run.journal.append(TrialFinished(**fields))
    recorded.record()

    assert not isinstance(child_runs(records.client), ClientChildRuns)
    assert isinstance(child_runs(client), ClientChildRuns)
    assert [child.info.status for child in recorded.children()] == ["FINISHED", "FAILED"]
    (message,) = [one for one in caplog.messages if "MLflow's client" in one]
    assert "latest_metrics has other columns than Runforest writes (origin)" in message
