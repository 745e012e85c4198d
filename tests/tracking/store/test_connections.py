"""Requests to a server: closed after each only where open ones stall, no look for Databricks."""

from __future__ import annotations

import base64
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from runforest.tracking.store.connect import connect
from runforest.tracking.store.connections import is_stalling, quicken_requests
from tests.conftest import free_port
from tests.tracking.conftest import answering, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def keep_providers() -> Iterator[None]:
    """Undo what a test adds to the headers of MLflow's client."""
    from mlflow.tracking.request_header.registry import _request_header_provider_registry

    before = list(_request_header_provider_registry._registry)
    yield
    _request_header_provider_registry._registry[:] = before
    quicken_requests.cache_clear()


@pytest.mark.usefixtures("clear_environment")
@pytest.mark.parametrize("is_in_two", [True, False])
def test_connections_are_closed_where_answers_come_in_two_segments(*, is_in_two: bool) -> None:
    from mlflow import MlflowClient

    with answering(is_in_two=is_in_two) as (url, heads):
        quicken_requests(url)
        MlflowClient(tracking_uri=url).search_experiments()

    assert (b"connection: close" in heads[-1].lower()) == is_in_two


@pytest.mark.usefixtures("clear_environment")
def test_packages_of_databricks_are_not_looked_for_at_each_request() -> None:
    from mlflow import MlflowClient

    with answering() as (url, _):
        client = MlflowClient(tracking_uri=url)
        before = names_looked_for(client.search_experiments)
        quicken_requests(url)
        after = names_looked_for(client.search_experiments)

    assert "dbruntime" in before
    assert after == []


def names_looked_for(call: Callable[[], object]) -> list[str]:
    """Return the modules that a call tries to import."""

    class Finder:
        def __init__(self) -> None:
            self.names: list[str] = []

        def find_spec(self, name: str, *_: object) -> None:
            self.names.append(name)

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        call()
    finally:
        sys.meta_path.remove(finder)
    return finder.names


@pytest.mark.usefixtures("clear_environment")
def test_name_and_password_of_an_address_reach_the_server(tmp_path: Path) -> None:
    with answering() as (url, heads):
        client = connect(url.replace("//", "//me:hidden@"), tmp_path)
        found = client.search_experiments()

    assert found == []
    secret = base64.b64encode(b"me:hidden")
    assert b"authorization: basic " + secret.lower() in heads[-1].lower()


def test_a_server_that_is_gone_is_no_stalling_one() -> None:
    assert not is_stalling(f"http://127.0.0.1:{free_port()}")


@pytest.mark.slow
def test_a_server_of_one_worker_does_not_stall(server: str) -> None:
    assert not is_stalling(server)


@pytest.mark.slow
def test_a_server_of_several_workers_stalls(tmp_path: Path, empty_store: Path) -> None:
    shutil.copy2(empty_store, tmp_path / "server.db")

    with serving(tmp_path, n_workers=4) as (url, _):
        assert is_stalling(url)
