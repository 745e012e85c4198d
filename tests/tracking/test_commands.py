"""Programs of MLflow that are started for a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.tracking.recorded_run import delete_runs, read_run
from runforest.tracking.store.connect import server_command
from runforest.tracking.store.uri import StoreUri
from tests.tracking.conftest import local, trial

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tracking.conftest import Records


def test_the_password_of_a_store_is_not_on_the_servers_command_line(tmp_path: Path) -> None:
    uri = StoreUri("postgresql+psycopg://me:hidden@host/mlflow")

    command, settings = server_command(uri, tmp_path, "127.0.0.1", 5000)

    assert "hidden" not in " ".join(command)
    assert settings["MLFLOW_BACKEND_STORE_URI"] == uri.text


@local
@pytest.mark.slow
def test_a_deleted_run_leaves_no_row_of_itself_or_its_trials(records: Records) -> None:
    from mlflow.entities import ViewType

    kept, doomed = records.open(), records.open()
    doomed.tell_trials(trial(0), trial(1))
    doomed.record()

    delete_runs(records.client, [read_run(records.client.get_run(doomed.opened.run_id))])

    found = records.client.search_runs([kept.opened.experiment_id], run_view_type=ViewType.ALL)
    assert [run.info.run_id for run in found] == [kept.opened.run_id]
