"""The recorder: what stands in the journal of a run comes to stand in the store."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from runforest.foundation.errors import StoreError
from runforest.launch.execution.signals import interruptible
from runforest.run.events import TaskStarted
from runforest.run.journal import JournalReader
from runforest.tracking.recorder.thread import POLL_S, Recorder
from runforest.tracking.store.connect import connect
from runforest.tracking.store.database import sql_store
from tests.conftest import wait_until
from tests.tracking.conftest import STARTED_MS, Records, local, serving, trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow.entities import Metric
    from mlflow.entities import Run as MlflowRun

    from runforest.run.events import Event
    from tests.tracking.conftest import RecordedRun

STARTED = {"task": "Tuner", "uid": "a" * 12, "params": {"depth": 3}, "started_ms": STARTED_MS}
STUDY = {"task": "Tuner", "key": "feed", "n_trials": 3, "n_earlier": 0}


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns at nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@contextmanager
def following(recorder: Recorder) -> Iterator[None]:
    recorder.start()
    yield
    recorder.stop()


@contextmanager
def closed_connections(records: Records) -> Iterator[None]:
    """Let the database's driver say of each statement that its connection was closed."""
    store = sql_store(records.client)
    assert store is not None

    def refuse(*_: object) -> None:
        message = "connection already closed"
        raise sqlite3.InterfaceError(message)

    event.listen(store.engine, "do_execute", refuse)
    yield
    event.remove(store.engine, "do_execute", refuse)


def of_trial(recorded: RecordedRun, uid: str) -> MlflowRun:
    (found,) = [
        child
        for child in recorded.children()
        if child.data.tags.get("mlflow.runforest.trial") == uid
    ]
    return found


def test_each_trial_becomes_a_child_run(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(*(trial(number) for number in range(5)))
    recorded.tell_trials(trial(5, state="pruned", value=None, std=None))
    recorded.tell_trials(trial(6, state="failed", value=None, std=None, reason="no luck"))

    recorded.record()

    children = recorded.children()
    assert [child.info.run_name for child in children] == [f"trial {n}" for n in range(7)]
    statuses = [child.info.status for child in children]
    assert statuses == ["FINISHED"] * 5 + ["KILLED", "FAILED"]
    assert children[6].data.tags["reason"] == "no luck"
    assert children[3].data.params == {"depth": "3", "rate": "0.1", "kind": "a"}
    assert children[3].data.metrics["accuracy"] == pytest.approx((0.53 + 0.7 + 0.6) / 3)
    history = recorded.client.get_metric_history(children[3].info.run_id, "fold_accuracy")
    assert [(one.step, one.value) for one in history] == [(0, 0.53), (1, 0.7), (2, 0.6)]
    assert children[3].info.end_time - children[3].info.start_time == 2500


def test_more_trials_than_one_piece_are_all_recorded(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(*(trial(number) for number in range(45)))
    recorder = recorded.recorder()

    recorder.start()
    recorded.tell_trials(*(trial(number) for number in range(45, 60)))
    recorder.close()

    assert sorted(recorded.names()) == sorted(f"trial {number}" for number in range(60))


@local
def test_entries_that_come_one_by_one_are_recorded_together(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = records.open()
    log_batch, n_metrics = recorded.client.log_batch, []

    def counting(run_id: str, metrics: list[Metric], *rows: Any) -> Any:
        n_metrics.append(len(metrics))
        return log_batch(run_id, metrics, *rows)

    monkeypatch.setattr(recorded.client, "log_batch", counting)
    clock = time.monotonic()
    with following(recorded.recorder()):
        for number in range(100):
            recorded.tell("metrics", {"task": "Tuner", "values": {f"m{number}": 1.0}, "step": 0})
            time.sleep(POLL_S / 40)

    assert sum(n_metrics) == 100
    assert len(n_metrics) <= (time.monotonic() - clock) / POLL_S + 2


def test_metrics_and_parameters_between_trials_are_the_runs_own(records: Records) -> None:
    recorded = records.open()
    recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}, "step": 0})
    recorded.tell_trials(trial(0))
    recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.7}, "step": 1})
    recorded.tell("params", {"task": "Tuner", "values": {"Tuner.best": "3"}})

    recorded.record()

    run = recorded.client.get_run(recorded.opened.run_id)
    assert (run.data.metrics, run.data.params) == ({"best": 0.7}, {"Tuner.best": "3"})


def test_a_trial_that_runs_is_shown_and_then_finished(records: Records) -> None:
    recorded = records.open()
    recorder = recorded.recorder()
    recorder.start()
    recorded.tell("study", STUDY)
    recorded.tell("trial_started", STARTED)
    wait_until(lambda: any(child.data.params for child in recorded.children()))
    shown = of_trial(recorded, "a" * 12)
    recorded.tell_trials(trial(3, uid="a" * 12, study="feed"))

    recorder.close()

    assert (shown.info.run_name, shown.info.status) == ("trial (running)", "RUNNING")
    assert (shown.data.params, shown.info.start_time) == ({"depth": "3"}, STARTED_MS)
    assert shown.data.tags["mlflow.runforest.study"] == "feed"
    (finished,) = recorded.children()
    assert finished.info.run_id == shown.info.run_id
    assert (finished.info.run_name, finished.info.status) == ("trial 3", "FINISHED")
    assert finished.data.metrics["fold_accuracy"] == 0.6
    assert finished.data.tags["mlflow.runforest.study"] == "feed"


def test_a_trial_that_was_over_before_it_could_be_shown_has_one_child_run(records: Records) -> None:
    recorded = records.open()
    recorded.tell("trial_started", STARTED)
    recorded.tell_trials(trial(0, uid="a" * 12))

    recorded.record()

    assert recorded.names() == ["trial 0"]


@pytest.mark.parametrize("status", ["KILLED", "FAILED", "FINISHED"])
def test_a_trial_that_runs_when_the_run_ends_is_killed(records: Records, status: str) -> None:
    recorded = records.open()
    recorded.tell("trial_started", STARTED)
    recorded.record()

    recorded.end(status)

    (child,) = recorded.children()
    assert (child.info.run_name, child.info.status) == ("trial (killed)", "KILLED")


def earlier(*numbers: int, shift: int = 0) -> list[dict[str, object]]:
    """Return the trials of these numbers as a later run tells them."""
    return [
        trial(number, study="feed", is_earlier=True) | {"number": number + shift}
        for number in numbers
    ]


def interrupted(records: Records, n_trials: int = 3, status: str = "KILLED") -> RecordedRun:
    """Return a run of the study that ended with some trials and without a result."""
    recorded = records.open()
    recorded.tell("study", STUDY)
    recorded.tell_trials(*(trial(number, study="feed") for number in range(n_trials)))
    recorded.record()
    recorded.end(status)
    return recorded


@pytest.mark.parametrize("status", ["KILLED", "FAILED"])
def test_a_study_that_goes_on_takes_its_child_runs_along(records: Records, status: str) -> None:
    before = interrupted(records, status=status)
    ids = {child.info.run_id for child in before.children()}
    now = records.open()
    now.tell("study", STUDY)
    now.tell_trials(*earlier(0, 1, 2), trial(3, study="feed"))

    now.record()

    assert before.children() == []
    assert now.names() == ["trial 0", "trial 1", "trial 2", "trial 3"]
    assert ids < {child.info.run_id for child in now.children()}
    assert {child.info.status for child in now.children()} == {"FINISHED"}


def test_a_child_run_is_renamed_when_its_trial_has_another_number(records: Records) -> None:
    interrupted(records)
    now = records.open()
    now.tell_trials(*earlier(0, 1, 2, shift=4))

    now.record()

    assert now.names() == ["trial 4", "trial 5", "trial 6"]
    assert [child.data.params["depth"] for child in now.children()] == ["0", "1", "2"]


def note(recorded: RecordedRun) -> str:
    run = recorded.client.get_run(recorded.opened.run_id)
    return run.data.tags.get("mlflow.note.content", "")


def link(recorded: RecordedRun) -> str:
    run = recorded.opened
    return f"run [{run.run_id}](#/experiments/{run.experiment_id}/runs/{run.run_id})"


def test_the_trials_of_a_finished_run_stay_there_and_are_linked(records: Records) -> None:
    before = interrupted(records, status="FINISHED")
    now = records.open()
    now.tell("study", STUDY)
    now.tell_trials(*earlier(0, 1, 2), trial(3, study="feed"))

    now.record()

    assert before.names() == ["trial 0", "trial 1", "trial 2"]
    assert now.names() == ["trial 3"]
    assert note(now) == f"Tuner goes on from trials of {link(before)}"
    tags = now.client.get_run(now.opened.run_id).data.tags
    assert tags["mlflow.runforest.trials"] == before.opened.run_id


def test_trials_stay_with_a_failed_run_that_has_the_tasks_result(records: Records) -> None:
    before = interrupted(records, status="FAILED")
    tag = f"mlflow.runforest.result.{'f' * 64}"
    before.client.set_tag(before.opened.run_id, tag, "Tuner")
    now = records.open()
    now.tell_trials(*earlier(0, 1, 2))

    now.record()

    assert (len(before.names()), now.names()) == (3, [])
    assert link(before) in note(now)


def test_a_third_run_moves_the_trials_of_a_killed_one_and_links_those_of_a_finished_one(
    records: Records,
) -> None:
    first = interrupted(records, status="FINISHED")
    second = records.open()
    second.tell_trials(*earlier(0, 1, 2), trial(3, study="feed"))
    second.record()
    second.end("KILLED")
    third = records.open()
    third.tell_trials(*earlier(0, 1, 2, 3))

    third.record()

    assert (len(first.names()), second.names(), third.names()) == (3, [], ["trial 3"])
    assert note(third) == f"Tuner goes on from trials of {link(first)}"


def test_a_link_to_earlier_trials_is_written_once(records: Records) -> None:
    interrupted(records, status="FINISHED")
    now = records.open()
    now.tell_trials(*earlier(0, 1, 2))
    now.record()
    first = note(now)

    now.record()  # as after a failure of the store

    assert note(now) == first != ""


def test_trials_leave_a_failed_run_that_has_the_result_of_another_task(records: Records) -> None:
    before = interrupted(records, status="FAILED")
    tag = f"mlflow.runforest.result.{'e' * 64}"
    before.client.set_tag(before.opened.run_id, tag, "Preprocessor")
    now = records.open()
    now.tell_trials(*earlier(0, 1, 2))

    now.record()

    assert (before.names(), len(now.names())) == ([], 3)


@pytest.mark.parametrize("is_parent", [True, False])
def test_what_was_deleted_is_written_anew(records: Records, *, is_parent: bool) -> None:
    before = interrupted(records)
    doomed = [before.opened.run_id] if is_parent else [one.info.run_id for one in before.children()]
    for run_id in doomed:
        before.client.delete_run(run_id)
    now = records.open()
    now.tell_trials(*earlier(0, 1, 2))

    now.record()

    assert now.names() == ["trial 0", "trial 1", "trial 2"]


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_half_written_child_run_is_completed(records: Records, *, is_closed: bool) -> None:
    before = records.open()
    before.tell("study", STUDY)
    before.tell("trial_started", STARTED | {"uid": f"{0:012x}", "params": {"depth": 0}})
    before.record()
    if is_closed:
        before.end("KILLED")
    else:
        before.client.set_terminated(before.opened.run_id, "KILLED")
    (half,) = before.children()
    now = records.open()
    now.tell_trials(*earlier(0))

    now.record()

    (child,) = now.children()
    assert child.info.run_id == half.info.run_id
    assert (child.info.run_name, child.info.status) == ("trial 0", "FINISHED")
    assert child.info.end_time == STARTED_MS + 2500
    assert child.data.params == {"depth": "0", "rate": "0.1", "kind": "a"}
    assert child.data.metrics["fold_accuracy"] == 0.6


def test_a_pruned_trial_that_was_cut_off_is_completed(records: Records) -> None:
    before = records.open()
    before.tell("study", STUDY)
    before.tell("trial_started", STARTED | {"uid": f"{0:012x}", "params": {"depth": 0}})
    before.record()
    before.end("KILLED")
    now = records.open()
    pruned = {"state": "pruned", "value": None, "std": None, "fold_scores": [0.25]}
    now.tell_trials(trial(0, study="feed", is_earlier=True, **pruned))

    now.record()

    (child,) = now.children()
    assert (child.info.status, child.data.metrics) == ("KILLED", {"fold_accuracy": 0.25})


def test_a_study_that_starts_again_in_one_run_has_each_trial_once(records: Records) -> None:
    recorded = records.open()
    recorder = recorded.recorder()
    recorder.start()
    for told in (trial(0, study="feed"), *earlier(0)):
        recorded.tell("study", STUDY)
        recorded.tell_trials(told)
        wait_until(lambda: len(recorded.children()) == 1)
        time.sleep(2 * POLL_S)
    recorded.tell("study", STUDY)
    recorded.tell_trials(*earlier(0), trial(1, study="feed"))

    recorder.close()

    assert recorded.names() == ["trial 0", "trial 1"]


def test_two_child_runs_of_one_trial_become_one(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(trial(0, study="feed"))
    recorded.record()
    recorded.record()  # as if an answer of the store had been lost
    (recorded.run.folder / "journal.jsonl").unlink()
    recorded.tell_trials(*earlier(0))

    recorded.record()

    assert recorded.names() == ["trial 0"]


def test_a_third_run_takes_the_trials_of_two(records: Records) -> None:
    interrupted(records)
    second = records.open()
    second.tell_trials(*earlier(0, 1, 2), trial(3, study="feed"))
    second.record()
    second.end("FAILED")
    third = records.open()
    third.tell_trials(*earlier(0, 1, 2, 3))

    third.record()

    assert (second.names(), len(third.names())) == ([], 4)


def test_a_trial_that_cannot_be_recorded_fails_the_run_and_costs_no_other(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(trial(0), trial(1, started_ms=-STARTED_MS), trial(2))
    recorded.tell("trial", {"task": "Tuner", "number": 3, "uid": "3"})
    recorded.tell_trials(trial(4))

    with pytest.raises(StoreError, match="timestamp"):
        recorded.record()

    finished = [one for one in recorded.children() if one.info.status == "FINISHED"]
    assert [child.info.run_name for child in finished] == ["trial 0", "trial 2", "trial 4"]


@local
def test_an_entry_that_cannot_be_recorded_fails_the_run_and_costs_no_other(
    records: Records,
) -> None:
    recorded = records.open()
    for number in range(3):
        metric = {"values": {f"m{number}": 1.0}, "step": "half" if number == 1 else 0}
        recorded.tell("metrics", {"task": "Tuner"} | metric)
        recorded.tell_trials(trial(number))

    with pytest.raises(StoreError, match="half"):
        recorded.record()

    run = recorded.client.get_run(recorded.opened.run_id)
    assert run.data.metrics == {"m0": 1.0, "m2": 1.0}
    assert recorded.names() == ["trial 0", "trial 1", "trial 2"]


@local
def test_what_was_not_recorded_over_a_closed_connection_is_recorded_at_the_end(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = records.open()
    recorder = recorded.recorder()
    with closed_connections(records):
        recorder.start()
        recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}, "step": 0})
        recorded.tell_trials(trial(0), trial(1))
        wait_until(lambda: "The run is not recorded any more" in caplog.text)

    recorder.close()

    assert recorded.names() == ["trial 0", "trial 1"]
    assert recorded.client.get_run(recorded.opened.run_id).data.metrics == {"best": 0.5}


@local
def test_a_damaged_line_fails_the_run_and_costs_no_other(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(trial(0))
    with recorded.run.journal_path.open("ab") as journal:
        journal.write(b'{"event": "tri\n')
    recorded.tell_trials(trial(1))

    with pytest.raises(StoreError, match="a line of its journal is damaged"):
        recorded.record()

    assert recorded.names() == ["trial 0", "trial 1"]


@local
def test_a_line_without_its_end_fails_the_run_and_costs_no_other(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(trial(0))
    with recorded.run.journal_path.open("ab") as journal:
        journal.write(b'{"event": "tri')

    with pytest.raises(StoreError, match="a line of its journal is damaged"):
        recorded.record()

    assert recorded.names() == ["trial 0"]


@local
def test_an_interrupt_while_the_rest_is_recorded_costs_no_record(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(*(trial(number) for number in range(300)))
    told = []

    def interrupt_once(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    recorder = Recorder(recorded.client, recorded.run, recorded.opened, on_event=interrupt_once)
    with interruptible(), pytest.raises(KeyboardInterrupt), following(recorder):
        pass

    recorder.close()

    assert (len(told), len(recorded.children())) == (300, 300)


@local
def test_a_long_journal_is_read_in_pieces(records: Records) -> None:
    recorded = records.open()
    recorded.tell_trials(*(trial(number) for number in range(7)))
    with recorded.run.journal_path.open("ab") as journal:
        journal.write(b'{"event": "star')
    pieces = JournalReader(recorded.run.journal_path)

    sizes = [len(pieces.next_piece(3) or []) for _ in range(4)]

    assert sizes == [3, 3, 1, 0]
    assert pieces.damaged == []
    with recorded.run.journal_path.open("ab") as journal:
        journal.write(b'ted", "task": "Tuner", "timestamp_ms": 1}\n')
    assert pieces.next_piece(3) == [TaskStarted(task="Tuner", timestamp_ms=1)]


@local
def test_lines_that_grow_while_they_are_read_are_whole(records: Records) -> None:
    # A file system may show the first pages of a write before the others.
    path = records.open().run.journal_path
    n_lines = 5000

    def write() -> None:
        with path.open("ab", buffering=0) as journal:
            for _ in range(n_lines):
                for half in (b'{"event": "started",', b' "task": "Tuner"}\n'):
                    journal.write(half)

    pieces = JournalReader(path)
    writer = threading.Thread(target=write)
    n_read = 0
    with switching_often():
        writer.start()
        while writer.is_alive():
            n_read += len(pieces.next_piece(100) or [])
    while piece := pieces.next_piece(100):
        n_read += len(piece)

    assert (n_read, pieces.damaged) == (n_lines, [])


@local
def test_a_process_that_forks_while_trials_are_recorded_does_not_hang(records: Records) -> None:
    recorded = records.open()
    recorder = recorded.recorder()
    recorder.start()
    recorded.tell_trials(*(trial(number) for number in range(1000)))
    time.sleep(POLL_S)

    codes = []
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            recorded.client.get_run(recorded.opened.run_id)
            os._exit(0)
        codes.append(os.waitpid(pid, 0)[1])
    recorder.close()

    assert codes == [0] * 10
    store = sql_store(recorded.client)
    assert store is not None
    with closing(sqlite3.connect(recorded.project / "mlruns" / "mlflow.db")) as base:
        query = "SELECT count(*) FROM runs WHERE status = 'FINISHED'"
        assert base.execute(query).fetchone() == (1000,)


@local
def test_connections_to_the_local_store_sync_at_checkpoints(records: Records) -> None:
    store = sql_store(records.client)
    assert store is not None

    with store.engine.connect() as connection:
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]

    assert modes == ["wal", 1]


@pytest.mark.slow
@pytest.mark.usefixtures("clear_environment")
def test_a_server_that_goes_away_fails_the_run_without_hanging(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    (tmp_path / "server").mkdir()
    shutil.copy2(empty_store, tmp_path / "server" / "server.db")
    with serving(tmp_path / "server") as (url, server):
        client = connect(url, tmp_path)
        recorded = Records(client=client, project=tmp_path, experiment="gone").open()
        recorder = recorded.recorder()
        recorder.start()
        recorded.tell_trials(*(trial(number) for number in range(500)))
        wait_until(lambda: len(recorded.children()) > 10)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)

        with pytest.raises(StoreError, match="no tracking server answers"):
            recorder.close()

    assert [one.name for one in threading.enumerate() if "ThreadPool" in one.name] == []


@pytest.mark.slow
@pytest.mark.usefixtures("clear_environment")
def test_what_a_server_missed_is_recorded_at_the_end_if_it_is_back(
    tmp_path: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copy2(empty_store, folder / "server.db")
    with serving(folder) as (url, server):
        client = connect(url, tmp_path)
        recorded = Records(client=client, project=tmp_path, experiment="back").open()
        recorder = recorded.recorder()
        recorder.start()
        recorded.tell_trials(trial(0))
        recorded.tell("trial_started", STARTED)
        wait_until(lambda: len(recorded.children()) == 2)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)
        recorded.tell("metrics", {"task": "Tuner", "values": {"best": 0.5}})
        recorded.tell_trials(trial(1))
        wait_until(lambda: "The run is not recorded any more" in caplog.text)
    with serving(folder, port=int(url.rpartition(":")[2])):
        recorded.tell_trials(trial(2), trial(3, uid="a" * 12))

        recorder.close()

        assert recorded.names() == [f"trial {number}" for number in range(4)]
        assert {child.info.status for child in recorded.children()} == {"FINISHED"}
        assert client.get_run(recorded.opened.run_id).data.metrics == {"best": 0.5}
