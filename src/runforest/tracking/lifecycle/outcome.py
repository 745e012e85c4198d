"""What became of the tasks of a run, and the links of its page to the runs that it reuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.tracking.store.connect import is_reachable
from runforest.tracking.store.database import read_run, sql_store
from runforest.tracking.store.names import shortened
from runforest.tracking.tags import NOTE_TAG, TASKS_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow import MlflowClient


@dataclass(kw_only=True)
class TaskOutcome:
    """What became of a task: `status` is started, computed, reused or failed.

    `n_attempts` is above 1 where Luigi tried again after an error ([scheduler] retry_count).
    """

    status: str
    n_attempts: int = 1
    duration_s: float = 0.0
    reused_from: str = ""
    traceback: str = ""


def experiments_of(client: MlflowClient, run_ids: Sequence[str]) -> dict[str, str]:
    """Return the experiment of each run, by run id; nothing of those that are gone for good.

    A store that fails gets no further request: what is missing is no more than a link.
    """
    from mlflow.exceptions import MlflowException

    found: dict[str, str] = {}
    for run_id in run_ids if run_ids and is_reachable(client.tracking_uri) else ():
        try:
            run = _experiment_and_note(client, run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                break
        else:
            if run:
                found[run_id] = run[0]
    return found


def record_outcomes(
    client: MlflowClient,
    run_id: str,
    outcomes: Mapping[str, TaskOutcome],
    experiments: Mapping[str, str],
) -> None:
    """Show on the run's page what became of each task, with links to the runs that it reuses.

    There are, for instance, the trials of a reused tuner. `experiments` has their experiments by
    run id, as `experiments_of` returns them.
    """
    words, origins = [], dict[str, list[str]]()
    for name, outcome in outcomes.items():
        duration = f" {outcome.duration_s:.2f} s" if outcome.duration_s else ""
        words.append(f"{name} {outcome.status}{duration}")
        if outcome.reused_from:
            origins.setdefault(outcome.reused_from, []).append(name)
    if words:
        client.set_tag(run_id, TASKS_TAG, shortened(", ".join(words)))
    lines = [
        f"{', '.join(names)} reused from run {link_to(origin, experiments.get(origin))}"
        for origin, names in origins.items()
    ]
    if lines:
        add_note(client, run_id, lines)


def link_to(run_id: str, experiment_id: str | None) -> str:
    """Return a link to the page of a run; its id alone when its experiment is not known."""
    return f"[{run_id}](#/experiments/{experiment_id}/runs/{run_id})" if experiment_id else run_id


def add_note(client: MlflowClient, run_id: str, lines: Sequence[str]) -> None:
    """Add lines to a run's description that it does not have."""
    run = _experiment_and_note(client, run_id)
    note = run[1] if run else ""
    new = [line for line in lines if line not in note]
    client.set_tag(run_id, NOTE_TAG, "\n\n".join(filter(None, [note, *new])))


def _experiment_and_note(client: MlflowClient, run_id: str) -> tuple[str, str] | None:
    """Return the experiment of a run and its description."""
    store = sql_store(client)
    if store:
        return read_run(store, run_id, NOTE_TAG)
    run = client.get_run(run_id)
    return run.info.experiment_id, run.data.tags.get(NOTE_TAG, "")
