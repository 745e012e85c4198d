"""The journal: whole lines or an error, and secrets masked where people write."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runforest.redact import remember_names
from runforest.run.journal import Journal, JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a disk that is nearly full."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_line_that_the_disk_takes_in_part_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("first", {})
    reader = JournalReader(tmp_path / "journal.jsonl")

    with (
        room_for((tmp_path / "journal.jsonl").stat().st_size + 10),
        pytest.raises(OSError, match="No space left on device"),
    ):
        journal.append("second", {})

    (entry,) = reader.next_piece(9) or []
    assert (entry["event"], len(reader.torn_end())) == ("first", 10)


def test_secrets_are_masked_where_people_write_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNFOREST_DOTENV_NAMES", "")
    monkeypatch.setenv("PG_PORT", "5432")
    monkeypatch.setenv("KIND", "trial")
    remember_names(["PG_PORT", "KIND"])
    marks = {"task": "trial", "state": "trial", "uid": "a5432", "fingerprint": "5432f"}
    said = {"reason": "port 5432", "params": {"task": "a trial"}, "value": 5432}

    Journal(tmp_path / "journal.jsonl").append("trial", marks | said)

    (entry,) = JournalReader(tmp_path / "journal.jsonl").next_piece(1) or []
    assert entry["event"] == "trial"
    assert {key: entry[key] for key in marks} == marks
    assert (entry["reason"], entry["params"]) == ("port ***", {"task": "a ***"})
    assert entry["value"] == 5432
