"""A store that cannot be used is told in one message with the remedy, and nothing runs."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Check, Project


def assert_refused(check: Check, *because: str) -> str:
    """See that the run was refused with one message, which is returned, and made no result."""
    outcome = check.run()

    assert outcome.code == 2
    assert [part for part in because if part not in outcome.err] == [], outcome.err
    assert "Traceback" not in outcome.err
    assert list((check.folder / "mlruns").glob("*/*/artifacts")) == []
    return outcome.out + outcome.err


@pytest.mark.parametrize("uri", ["mlruns", "./mlruns", "/data/mlruns", "file:///data/mlruns"])
def test_a_plain_folder_is_refused_as_store(
    check: Check, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    assert_refused(check, f'"{uri}" is a folder', "Leave it empty for the project's SQLite file")


@pytest.mark.parametrize("uri", ["http://me:hidden@[::1:5000", "postgresql://[::1/runs"])
def test_an_address_with_half_a_bracket_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    told = assert_refused(
        check, "[::1", "is no valid address. Put brackets around", "leave it empty"
    )

    assert "hidden" not in told


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_error_of_a_server_that_refuses_comes_at_once_without_its_password(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:hidden@127.0.0.1:{free_port()}")

    told = assert_refused(
        check, "no tracking server answers at http://me:***@", "refused", "Start it, correct the"
    )

    assert "hidden" not in told


@pytest.mark.parametrize("host", ["tracking.invalid", "127.0.0.1:port"])
def test_an_address_with_a_password_and_without_a_port_is_printed_without_it(
    check: Check, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:hidden@{host}")

    told = assert_refused(check, f"no tracking server answers at http://me:***@{host}", "Start it")

    assert "hidden" not in told


@pytest.mark.slow
def test_a_server_that_stays_silent_is_given_up_within_ten_seconds(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = time.monotonic()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert_refused(check, "no tracking server answers", "or leave it empty")

    assert time.monotonic() - clock < 10


def test_a_host_that_does_not_exist_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.invalid:5000")

    assert_refused(check, "no tracking server answers at http://tracking.invalid:5000", "Start it")


@pytest.mark.parametrize("uri", ["foo://bar", "databrick"])
def test_a_scheme_that_nothing_knows_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    assert_refused(check, "MLFLOW_TRACKING_URI", "sqlite://", "project's SQLite file")


def test_a_damaged_store_is_refused_and_left_as_it_is(check: Check) -> None:
    path = check.project.write("mlruns/mlflow.db", "no database " * 100)
    before = path.read_bytes()

    assert_refused(check, str(path), "the store is damaged", "Restore it from a backup, or move it")

    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_locked_store_is_refused_within_ten_seconds(check: Check) -> None:
    path = check.folder / "mlruns" / "mlflow.db"
    path.parent.mkdir()
    clock = time.monotonic()

    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("CREATE TABLE anything (x)")
        holder.execute("BEGIN EXCLUSIVE")
        assert_refused(check, "locked by another program", "Wait for it, or close it")
    finally:
        holder.close()

    assert time.monotonic() - clock < 10


def test_an_output_folder_that_cannot_be_made_is_refused(check: Check) -> None:
    check.project.write("mlruns", "a file")

    outcome = check.run()

    assert outcome.code == 2
    assert "cannot write (" in outcome.err
    assert (
        "Make the folder writable, or set PROJECT_ROOT to a project folder that is." in outcome.err
    )
    assert "Traceback" not in outcome.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_refused(check: Check) -> None:
    (check.folder / "mlruns").mkdir(mode=0o555)

    assert_refused(check, "cannot write (Permission denied). Make the folder writable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_store_is_refused(check: Check, empty_store: Path) -> None:
    path = check.folder / "mlruns" / "mlflow.db"
    path.parent.mkdir()
    path.write_bytes(empty_store.read_bytes())
    path.chmod(0o444)

    assert_refused(check, "the store is read-only", "Make the file and its folder writable.")


def test_a_deleted_experiment_is_refused_with_the_ways_out(project: Project) -> None:
    experiment = project.client.create_experiment("titanic")
    project.client.delete_experiment(experiment)

    outcome = project.run()

    assert outcome.code == 2
    assert f"mlflow experiments restore -x {experiment}" in outcome.err
    assert "or choose another name." in outcome.err
    assert "Traceback" not in outcome.err
    assert project.runs() == []
