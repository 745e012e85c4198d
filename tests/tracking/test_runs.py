"""A run that cannot be opened to its end is closed all the same."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from mlflow.exceptions import MlflowException

from runforest.launch.signals import interruptible
from runforest.tracking.runs import RunRequest, open_run
from tests.tracking.conftest import local

if TYPE_CHECKING:
    from collections.abc import ItemsView

    from mlflow.entities import Run as MlflowRun

    from tests.tracking.conftest import Records


def a_request(records: Records, params: dict[str, str]) -> RunRequest:
    return RunRequest(
        project=records.project,
        experiment_name=records.experiment,
        artifact_root=records.project / "mlruns" / records.experiment,
        run_name="",
        description="",
        source_file="runner.py",
        commit="",
        is_dirty=False,
        params=params,
    )


def runs_of(records: Records) -> list[MlflowRun]:
    experiment = records.client.get_experiment_by_name(records.experiment)
    return list(records.client.search_runs([experiment.experiment_id])) if experiment else []


@local
def test_a_run_whose_parameters_are_refused_is_closed(records: Records) -> None:
    request = a_request(records, {"a[": "1", "a]": "2"})

    with pytest.raises(MlflowException, match="Duplicate"):
        open_run(records.client, request)

    assert [run.info.status for run in runs_of(records)] == ["FAILED"]


class Interrupting(dict[str, str]):
    """Parameters at whose sight Ctrl-C is pressed."""

    def items(self) -> ItemsView[str, str]:
        """Press it."""
        signal.raise_signal(signal.SIGINT)
        return super().items()


@local
def test_a_run_that_is_interrupted_while_it_is_opened_is_closed(records: Records) -> None:
    request = a_request(records, Interrupting(depth="1"))

    with interruptible(), pytest.raises(KeyboardInterrupt):
        open_run(records.client, request)

    (run,) = runs_of(records)
    assert (run.info.status, run.data.params) == ("KILLED", {})
