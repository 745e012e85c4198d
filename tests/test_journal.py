"""The journal: whole lines or an error."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runforest.journal import Journal, JournalReader

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
