"""The sources of a run are all the code that doing it again takes, and no other files."""

from __future__ import annotations

import importlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from runforest.provenance.sources import MAX_SOURCE_BYTES, project_sources, zip_sources

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = {"Trainer": {"estimator": "nearby.models.Forest"}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose estimator, not loaded yet, lies beside `src`."""
    importlib.import_module("tasks")
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in {
        "src/runner.py": "",
        "src/tasks/words.txt": "to be or not",
        "src/tasks/__pycache__/words.pyc": "",
        "src/.hidden/note.py": "",
        "nearby/__init__.py": "",
        "nearby/models.py": "import nearby.trees\n\n\nclass Forest: ...\n",
        "nearby/trees.py": "DEPTH = 3\n",
        "nearby/unused.py": "",
        "data/rows.csv": "a,b\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "src" / "large.bin").write_bytes(bytes(MAX_SOURCE_BYTES + 1))
    return tmp_path


def test_sources_are_src_and_what_configured_classes_import(place: Path) -> None:
    files = project_sources(place, CONFIGURATION)

    assert [file.relative_to(place).as_posix() for file in files] == [
        "nearby/__init__.py",
        "nearby/models.py",
        "nearby/trees.py",
        "src/runner.py",
        "src/tasks/words.txt",
    ]


def test_a_module_that_is_no_python_does_not_keep_a_run_from_being_recorded(place: Path) -> None:
    (place / "nearby" / "trees.py").write_text("print 'DEPTH'\n")

    files = project_sources(place, CONFIGURATION)

    assert place / "nearby" / "models.py" in files


def test_equal_sources_are_equal_bytes_without_secrets(place: Path) -> None:
    (place / "src" / "runner.py").write_text("TOKEN = 'hunter2'\r\n", newline="")

    first, second = (
        zip_sources(place, project_sources(place, CONFIGURATION), ["hunter2"]) for _ in range(2)
    )

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.read("src/runner.py") == b"TOKEN = '***'\r\n"
