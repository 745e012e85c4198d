"""The journal: whole lines or an error, and secrets masked where people write."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from runforest.run.events import EVENTS, TaskStarted, TrialFinished, from_json, to_json
from runforest.run.journal import Journal, JournalReader
from tests.conftest import room_for

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.run.events import Event


def test_a_line_that_the_disk_takes_in_part_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(TaskStarted(task="First"))
    reader = JournalReader(tmp_path / "journal.jsonl")

    with (
        room_for((tmp_path / "journal.jsonl").stat().st_size + 10),
        pytest.raises(OSError, match="No space left on device"),
    ):
        journal.append(TaskStarted(task="Second"))

    (event,) = reader.next_piece(9) or []
    assert (event.task, len(reader.torn_end())) == ("First", 10)


def test_secrets_are_masked_where_people_write_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_PASSWORD", "5432")
    monkeypatch.setenv("API_KEY", "trial")
    trial = TrialFinished(
        task="trial",
        uid="a5432",
        number=0,
        params={"task": "a trial"},
        state="trial",
        value=5432.0,
        std=None,
        fold_scores=[],
        started_ms=0,
        duration_s=1.0,
        reason="password 5432",
    )

    Journal(tmp_path / "journal.jsonl").append(trial)

    (read,) = JournalReader(tmp_path / "journal.jsonl").next_piece(1) or []
    masked = {"params": {"task": "a ***"}, "reason": "password ***"}
    assert read == dataclasses.replace(trial, **masked)


@pytest.mark.parametrize("kind", EVENTS.values())
def test_an_event_is_read_back_as_it_was_written(kind: type[Event]) -> None:
    values = {
        "int": 3,
        "int | None": 3,
        "float": 0.5,
        "float | None": 0.5,
        "str": "text",
        "str | None": None,
        "bool": True,
        "Mapping[str, object]": {"a": None, "b": [1, "c"]},
        "Mapping[str, str]": {"a": "b"},
        "Mapping[str, float]": {"a": 0.5},
        "Mapping[str, Sequence[float]]": {"a": [0.5]},
        "Sequence[float]": [0.5, 1.5],
        "Sequence[tuple[str, int, float, int]]": [["a", 1, 0.5, 2]],
    }
    event = kind(**{one.name: values[str(one.type)] for one in dataclasses.fields(kind)})

    assert from_json(to_json(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b"null",
        b"{}",
        b"\x00\xff",
        b'{"event": "failed", "task": "A"}',
        b'{"event": 1',
    ],
)
def test_a_line_that_is_no_event_is_a_damaged_one(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "journal.jsonl").write_bytes(line + b"\n")
    reader = JournalReader(tmp_path / "journal.jsonl")

    assert reader.next_piece(9) == []
    assert reader.damaged == [line + b"\n"]
