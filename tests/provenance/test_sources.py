"""The sources of a run are all the code that doing it again takes, and no other files."""

from __future__ import annotations

import importlib
import io
import itertools
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from runforest.provenance.sources import MAX_FILE_BYTES, project_sources, zip_sources

if TYPE_CHECKING:
    from pathlib import Path

_numbers = itertools.count()


@dataclass
class Place:
    """A project whose estimator, not loaded yet, lies beside `src` in a package of its own name."""

    folder: Path
    package: str

    @property
    def sources(self) -> tuple[list[str], dict[str, int]]:
        return project_sources(
            self.folder, {"Trainer": {"estimator": f"{self.package}.models.Forest"}}
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    importlib.import_module("tasks.trainer")
    package = f"nearby_{next(_numbers)}"
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in {
        "src/runner.py": "",
        "src/tasks/words.txt": "to be or not",
        "src/tasks/__pycache__/words.pyc": "",
        "src/.hidden/note.py": "",
        f"{package}/__init__.py": "",
        f"{package}/models.py": f"import {package}.trees\n\n\nclass Forest: ...\n",
        f"{package}/trees.py": "DEPTH = 3\n",
        f"{package}/unused.py": "",
        "data/rows.csv": "a,b\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "src" / "large.bin").write_bytes(bytes(MAX_FILE_BYTES + 1))
    return Place(tmp_path, package)


def test_sources_are_src_and_what_configured_classes_import(place: Place) -> None:
    files, left_out = place.sources

    assert left_out == {"src/large.bin": MAX_FILE_BYTES + 1}
    assert files == [
        f"{place.package}/__init__.py",
        f"{place.package}/models.py",
        f"{place.package}/trees.py",
        "src/runner.py",
        "src/tasks/words.txt",
    ]


def test_a_run_with_a_module_that_is_no_python_is_recorded(place: Place) -> None:
    (place.folder / place.package / "trees.py").write_text("print 'DEPTH'\n")

    assert {f"{place.package}/models.py", f"{place.package}/trees.py"} <= set(place.sources[0])


def test_equal_sources_are_equal_bytes_without_secrets(place: Place) -> None:
    (place.folder / "src" / "runner.py").write_text("TOKEN = 'hunter2'\r\n", newline="")

    first, second = (zip_sources(place.folder, place.sources[0], ["hunter2"]) for _ in range(2))

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.read("src/runner.py") == b"TOKEN = '***'\r\n"
