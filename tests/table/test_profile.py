"""What was recognised of files is remembered, as long as they and the code are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.table import profile
from runforest.table.schema import Note

if TYPE_CHECKING:
    import pytest

    from tests.table.conftest import Reader


def test_what_other_code_recognised_is_recognised_anew(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.write("train", "x,y\n1,0\n2,1\n")
    assert reader.read().notes == []

    monkeypatch.setattr(profile, "split_hints", lambda *_: [Note(text="of new code")])
    assert reader.read().notes == []
    monkeypatch.setattr(profile, "code_digest", lambda: "another")

    assert reader.read().notes == ["of new code"]
