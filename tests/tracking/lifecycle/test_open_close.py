"""What a run is opened with is in the store; one that cannot be opened to its end is closed."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from mlflow.exceptions import MlflowException

from runforest.foundation.errors import StoreError
from runforest.launch.execution.signals import interruptible
from runforest.tracking.lifecycle.open_close import open_run
from runforest.tracking.store.names import safe_name, shortened
from runforest.tracking.tags import RESULT_TAG
from tests.tracking.conftest import local

if TYPE_CHECKING:
    from collections.abc import ItemsView

    from mlflow.entities import Run as MlflowRun

    from runforest.tracking.lifecycle.open_close import OpenedRun
    from tests.tracking.conftest import RecordedRun, Records


REFUSING = """\
CREATE TRIGGER refusing BEFORE INSERT ON params
BEGIN SELECT RAISE(ABORT, 'no parameters today'); END
"""


def opened_with(records: Records, params: dict[str, str]) -> OpenedRun:
    return open_run(records.client, records.project, records.experiment, params=params)


def params_of(records: Records, opened: OpenedRun) -> dict[str, str]:
    return dict(records.client.get_run(opened.run_id).data.params)


def results_of(records: Records, recorded: RecordedRun) -> dict[str, str]:
    tags = records.client.get_run(recorded.opened.run_id).data.tags
    return {key: value for key, value in tags.items() if key.startswith(RESULT_TAG)}


def runs_of(records: Records) -> list[MlflowRun]:
    experiment = records.client.get_experiment_by_name(records.experiment)
    return list(records.client.search_runs([experiment.experiment_id])) if experiment else []


@local
def test_a_run_whose_parameters_are_refused_is_closed(records: Records) -> None:
    with closing(sqlite3.connect(records.project / "mlruns" / "mlflow.db")) as base:
        base.execute(REFUSING)

    with pytest.raises(MlflowException, match="no parameters today"):
        opened_with(records, {"depth": "1"})

    assert [run.info.status for run in runs_of(records)] == ["FAILED"]


@local
def test_a_run_that_cannot_be_created_leaves_no_lock(records: Records) -> None:
    recorded = records.open()
    with closing(sqlite3.connect(records.project / "mlruns" / "mlflow.db")) as base:
        base.execute(REFUSING.replace("ON params", "ON runs"))

    with pytest.raises(MlflowException, match="no parameters today"):
        records.open()

    assert list(recorded.opened.lock.parent.iterdir()) == [recorded.opened.lock]


@local
def test_parameters_are_left_as_the_client_leaves_them(records: Records) -> None:
    params = {f"Leaf-number={number}.text": "x" * 40 * number for number in range(230)} | {"ü[": ""}
    ours = opened_with(records, params)
    other = opened_with(records, {})

    for name, value in params.items():
        records.client.log_param(other.run_id, safe_name(name), shortened(value))

    assert len(params_of(records, ours)) == 231
    assert params_of(records, ours) == params_of(records, other)


def test_parameters_whose_names_differ_only_in_what_mlflow_refuses_are_all_recorded(
    records: Records,
) -> None:
    opened = opened_with(records, {"Leaf-a=b,c.x": "1", "Leaf-a=b=c.x": "2"})

    assert sorted(params_of(records, opened).values()) == ["1", "2"]


@local
def test_tags_of_results_are_left_as_the_client_leaves_them(records: Records) -> None:
    recorded, other = records.open(), records.open()
    results = {f"{number:064x}": f"Leaf-number={number}" for number in range(230)}
    for _ in ("once", "again"):
        for fingerprint, task in results.items():
            recorded.tell("reused", {"task": task, "fingerprint": fingerprint, "reused_from": "0"})

    recorded.record()
    recorded.record()

    for fingerprint, task in results.items():
        records.client.set_tag(other.opened.run_id, f"{RESULT_TAG}{fingerprint}", task)
    assert results_of(records, recorded) == results_of(records, other)
    assert len(results_of(records, recorded)) == 230


@local
def test_a_run_that_was_deleted_takes_no_tags(records: Records) -> None:
    recorded = records.open()
    recorded.tell("reused", {"task": "Leaf", "fingerprint": "0" * 64, "reused_from": "0"})
    records.client.delete_run(recorded.opened.run_id)

    with pytest.raises(StoreError, match="deleted"):
        recorded.record()


class Interrupting(dict[str, str]):
    """Parameters at whose sight Ctrl-C is pressed."""

    def items(self) -> ItemsView[str, str]:
        """Press it."""
        signal.raise_signal(signal.SIGINT)
        return super().items()


@local
def test_a_run_that_is_interrupted_while_it_is_opened_is_closed(records: Records) -> None:
    params = Interrupting(depth="1")

    with interruptible(), pytest.raises(KeyboardInterrupt):
        opened_with(records, params)

    (run,) = runs_of(records)
    assert (run.info.status, run.data.params) == ("KILLED", {})
