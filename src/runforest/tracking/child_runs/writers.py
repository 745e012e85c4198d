"""Where child runs are written: by MLflow's client, or in bulk into a database of its store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from runforest.tracking.child_runs.child_run import FoundChild
from runforest.tracking.store.connect import find_runs
from runforest.tracking.store.failures import refusals_of
from runforest.tracking.store.uri import StoreUri
from runforest.tracking.tags import NAME_TAG, PARENT_TAG, TRIAL_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from runforest.tracking.child_runs.child_run import ChildRun
    from runforest.tracking.child_runs.database_writer import BulkChildRuns

T = TypeVar("T")

N_REQUESTS_AT_ONCE = 4


class ClientChildRuns:
    """Child runs through MLflow's client, three requests each; several at a time to a server.

    `n_at_once`: how many a writer takes in one go, without others having to wait for long.
    """

    n_at_once = 16

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._n_threads = N_REQUESTS_AT_ONCE if StoreUri(client.tracking_uri).is_server else 1

    def write(self, children: Iterable[ChildRun]) -> list[MlflowException]:
        """Record finished trials; return the errors of those that the store refuses."""
        client = self._client
        return self._each(lambda child: finish(client, _create(client, child), child), children)

    def find(self, experiment_id: str, tag: str, value: str) -> list[FoundChild]:
        """Return the child runs of trials that have a tag."""
        runs = find_runs(self._client, f"tags.`{tag}` = '{value}'", [experiment_id])
        return [
            FoundChild(
                run_id=run.info.run_id,
                uid=run.data.tags[TRIAL_TAG],
                parent_id=run.data.tags.get(PARENT_TAG, ""),
                name=run.info.run_name,
                status=run.info.status,
                ended_ms=run.info.end_time,
            )
            for run in runs
            if TRIAL_TAG in run.data.tags
        ]

    def move(self, moves: Mapping[str, ChildRun]) -> None:
        """Give child runs, by their ids, another parent and name."""
        for refusal in self._each(self._move_one, moves.items()):
            raise refusal

    def _move_one(self, move: tuple[str, ChildRun]) -> None:
        from mlflow.entities import RunTag

        run_id, child = move
        tags = [RunTag(PARENT_TAG, child.parent_id), RunTag(NAME_TAG, child.name)]
        self._client.log_batch(run_id, tags=tags)

    def _each(self, call: Callable[[T], None], items: Iterable[T]) -> list[MlflowException]:
        """Call for each item; return the refusals, raise what else goes wrong.

        The threads live no longer than the call: a process must not fork while one of them holds
        a lock.
        """
        if self._n_threads == 1:
            return [refusal for item in items for refusal in refusals_of(call, item)]
        pool = ThreadPoolExecutor(self._n_threads)
        try:
            done = pool.map(lambda item: refusals_of(call, item), items)
            return [refusal for refusals in done for refusal in refusals]
        finally:
            pool.shutdown(cancel_futures=True)


def finish(client: MlflowClient, run_id: str, child: ChildRun) -> None:
    """Complete a child run that exists already, whatever of it was recorded."""
    metrics, params, tags = child.batch()
    client.log_batch(run_id, metrics, params, tags)
    client.set_terminated(run_id, child.status, end_time=child.ended_ms)


def start(client: MlflowClient, child: ChildRun) -> str:
    """Create the child run of a trial that is running, and return its run id."""
    run_id = _create(client, child)
    client.log_batch(run_id, params=child.batch()[1])
    return run_id


def child_runs(client: MlflowClient) -> ClientChildRuns | BulkChildRuns:
    """Return what writes child runs fastest into a store."""
    from runforest.tracking.child_runs.database_writer import BulkChildRuns
    from runforest.tracking.store.database import writable_store

    store = writable_store(client)
    return ClientChildRuns(client) if store is None else BulkChildRuns(store)


def _create(client: MlflowClient, child: ChildRun) -> str:
    tags = dict(child.tags)
    run = client.create_run(child.experiment_id, child.started_ms, tags, run_name=child.name)
    return str(run.info.run_id)
