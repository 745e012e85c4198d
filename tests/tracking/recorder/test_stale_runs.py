"""Runs whose process was killed: what stands in their journals is recorded before they close."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runforest.tracking.lifecycle.liveness import hold_lock
from runforest.tracking.recorder.stale_runs import close_stale_runs
from runforest.tracking.tags import PROCESS_TAG
from tests.tracking.conftest import STARTED_MS, local, on_server, trial

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tracking.conftest import RecordedRun, Records


def abandoned(records: Records) -> RecordedRun:
    """Return a run whose process is no more."""
    pid = os.fork()
    if pid == 0:
        lock = hold_lock(records.project)
        (records.project / "lock").write_text(lock.name)
        os._exit(0)
    os.waitpid(pid, 0)
    recorded = records.open()
    lock = recorded.opened.lock.with_name((records.project / "lock").read_text())
    recorded.client.set_tag(recorded.opened.run_id, PROCESS_TAG, lock.name)
    return replace(recorded, opened=replace(recorded.opened, lock=lock))


def copy_lock(recorded: RecordedRun) -> None:
    """Put a copy of its lock file in the place of the file."""
    lock = recorded.opened.lock
    copy = shutil.copy2(lock, lock.with_suffix(".copy"))
    copy.rename(lock)


def close(recorded: RecordedRun) -> None:
    assert recorded.opened.run_id in close_stale_runs(recorded.client, recorded.project)


def test_trials_of_the_journal_are_recorded_before_the_run_is_closed(records: Records) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(*(trial(number) for number in range(5)))
    recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}, "step": 0})
    recorded.tell("params", {"task": "Tuner", "values": {"Tuner.best": "3"}})

    close(recorded)

    run = recorded.client.get_run(recorded.opened.run_id)
    assert run.info.status == "KILLED"
    assert (run.data.metrics, run.data.params) == ({"best": 0.5}, {"Tuner.best": "3"})
    assert recorded.names() == [f"trial {number}" for number in range(5)]
    assert {child.info.status for child in recorded.children()} == {"FINISHED"}


def test_what_was_recorded_already_stays_as_it_is(records: Records) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(trial(0), trial(1))
    recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}, "step": 0})
    recorded.tell("params", {"task": "Tuner", "values": {"Tuner.best": "3"}})
    recorded.record()
    before = [child.info.run_id for child in recorded.children()]
    recorded.tell_trials(trial(2))

    close(recorded)

    assert [child.info.run_id for child in recorded.children()][:2] == before
    assert recorded.names() == ["trial 0", "trial 1", "trial 2"]
    history = recorded.client.get_metric_history(recorded.opened.run_id, "best")
    assert len(history) == 1


def test_a_half_written_trial_is_completed_and_one_that_ran_is_killed(records: Records) -> None:
    recorded = abandoned(records)
    for uid in ("a" * 12, "b" * 12):
        started = {"uid": uid, "params": {"depth": 0}, "started_ms": STARTED_MS}
        recorded.tell("trial_started", {"task": "Tuner"} | started)
    recorded.record()
    recorded.tell_trials(trial(0, uid="a" * 12))

    close(recorded)

    facts = [(child.info.run_name, child.info.status) for child in recorded.children()]
    assert facts == [("trial (killed)", "KILLED"), ("trial 0", "FINISHED")]


def test_a_trial_that_a_killed_recorder_tried_again_has_one_child_run(records: Records) -> None:
    first = records.open()
    first.tell("study", {"task": "Tuner", "key": "feed", "n_trials": 1, "n_earlier": 0})
    started = {"uid": f"{0:012x}", "params": {"depth": 0}, "started_ms": STARTED_MS}
    first.tell("trial_started", {"task": "Tuner"} | started)
    first.record()
    first.end("KILLED")
    second = abandoned(records)
    second.tell_trials(trial(0, study="feed"), trial(1, study="feed"))

    close(second)

    assert (first.names(), second.names()) == ([], ["trial 0", "trial 1"])


@local
def test_a_study_that_a_killed_recorder_began_twice_has_each_trial_once(records: Records) -> None:
    recorded = abandoned(records)
    study = {"task": "Tuner", "key": "feed", "n_trials": 101, "n_earlier": 0}
    recorded.tell("study", study)
    recorded.tell_trials(*(trial(number, study="feed") for number in range(98)))
    recorded.tell("study", study)  # ends the piece that the trials are in
    recorded.tell_trials(*(trial(number, study="feed", is_earlier=True) for number in range(98)))

    close(recorded)

    assert len(recorded.names()) == 98


def test_a_study_that_goes_on_takes_the_trials_of_a_killed_recorder(records: Records) -> None:
    killed = abandoned(records)
    killed.tell_trials(*(trial(number, study="feed") for number in range(3)))
    close(killed)
    now = records.open()
    now.tell_trials(*(trial(number, study="feed", is_earlier=True) for number in range(3)))

    now.record()

    assert (killed.names(), len(now.names())) == ([], 3)


def test_a_killed_run_that_was_going_on_completes_the_move(records: Records) -> None:
    first = abandoned(records)
    first.tell_trials(*(trial(number, study="feed") for number in range(3)))
    close(first)
    second = abandoned(records)
    second.tell_trials(*(trial(number, study="feed", is_earlier=True) for number in range(3)))

    close(second)

    assert (first.names(), len(second.names())) == ([], 3)


def test_a_run_of_another_project_is_left_to_it(records: Records) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(trial(0))
    other = records.project / "other"
    (other / "mlruns").mkdir(parents=True)

    closed = close_stale_runs(recorded.client, other)

    assert recorded.opened.run_id not in closed
    close(recorded)
    assert recorded.names() == ["trial 0"]


def test_a_run_of_another_machine_is_never_judged(records: Records) -> None:
    recorded = abandoned(records)
    _, inode = recorded.opened.lock.read_text().rsplit(maxsplit=1)
    recorded.opened.lock.write_text(f"another-machine {inode}")

    closed = close_stale_runs(recorded.client, recorded.project)

    assert closed == []
    assert recorded.client.get_run(recorded.opened.run_id).info.status == "RUNNING"


@on_server
def test_a_copied_project_leaves_the_runs_on_a_server_to_the_original(records: Records) -> None:
    recorded = abandoned(records)
    copy_lock(recorded)

    closed = close_stale_runs(recorded.client, recorded.project)

    assert closed == []


@on_server
def test_a_project_that_was_moved_closes_its_runs_on_a_server(
    records: Records, tmp_path: Path
) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(trial(0))
    moved = tmp_path / "moved"
    moved.mkdir()
    (records.project / "mlruns").rename(moved / "mlruns")

    closed = close_stale_runs(recorded.client, moved)

    assert (closed, recorded.names()) == ([recorded.opened.run_id], ["trial 0"])


@local
def test_a_closed_run_leaves_no_lock(records: Records) -> None:
    recorded = records.open()

    recorded.end("FINISHED")

    assert list(recorded.opened.lock.parent.iterdir()) == []


@local
def test_a_copied_project_closes_the_runs_that_were_copied(records: Records) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(trial(0))
    copy_lock(recorded)

    close(recorded)

    assert recorded.names() == ["trial 0"]


@local
@pytest.mark.parametrize("journal", [None, "", '{"event":"tri', "\x00\x00\n[1]\nnull\n{}\n"])
def test_a_run_is_closed_whatever_its_journal_looks_like(
    records: Records, journal: str | None
) -> None:
    recorded = abandoned(records)
    if journal is not None:
        recorded.run.journal_path.write_text(journal, encoding="utf-8")

    close(recorded)

    assert recorded.client.get_run(recorded.opened.run_id).info.status == "KILLED"
    assert recorded.children() == []


@local
def test_a_torn_last_line_costs_no_other(records: Records) -> None:
    recorded = abandoned(records)
    recorded.tell_trials(trial(0), trial(1))
    with recorded.run.journal_path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": "trial"} | trial(2))[:60])

    close(recorded)

    assert recorded.names() == ["trial 0", "trial 1"]


@local
def test_events_that_this_version_does_not_have_are_skipped_with_one_line(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = abandoned(records)
    for number in range(2):
        recorded.tell("checkpoint_of_a_newer_version", {"task": "Tuner", "number": number})
        recorded.tell_trials(trial(number))

    close(recorded)

    assert recorded.names() == ["trial 0", "trial 1"]
    (line,) = [line for line in caplog.messages if "checkpoint_of_a_newer_version" in line]
    assert "2 parts of the journal" in line
    assert "It stays in" in line


@local
def test_a_parameter_that_contradicts_costs_no_trial(records: Records) -> None:
    recorded = abandoned(records)
    for value in ("1", "2"):
        recorded.tell("params", {"task": "Tuner", "values": {"Tuner.best": value}})
    recorded.tell_trials(trial(0))

    close(recorded)

    assert recorded.names() == ["trial 0"]


@local
def test_an_entry_that_cannot_be_recorded_costs_no_other(records: Records) -> None:
    recorded = abandoned(records)
    for name, step in (("m0", 0), ("m1", "half"), ("m2", 2)):
        recorded.tell("metrics", {"task": "Tuner", "values": {name: 1.0}, "step": step})

    close(recorded)

    run = recorded.client.get_run(recorded.opened.run_id)
    assert (run.info.status, run.data.metrics) == ("KILLED", {"m0": 1.0, "m2": 1.0})


@local
def test_a_run_is_left_to_the_next_start_when_the_store_fails(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = abandoned(records)
    recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}, "step": 0})
    store = records.project / "mlruns" / "mlflow.db"
    with closing(sqlite3.connect(store)) as base:
        base.execute("ALTER TABLE metrics RENAME TO away")

        closed = close_stale_runs(recorded.client, recorded.project)

        base.execute("ALTER TABLE away RENAME TO metrics")
    assert closed == []
    assert "is left to the next start" in caplog.text
    close(recorded)
    run = recorded.client.get_run(recorded.opened.run_id)
    assert (run.info.status, run.data.metrics) == ("KILLED", {"best": 0.5})


@local
def test_runs_of_living_processes_are_left_alone(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(trial(0))

    assert close_stale_runs(recorded.client, recorded.project) == []
    assert recorded.children() == []
