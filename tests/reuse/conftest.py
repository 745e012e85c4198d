"""A project whose run is finished, to be copied, changed and planned anew."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ARTICLE, Project, make_once, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLEANING = '''"""Cleaning."""

LIMIT = 1000


def clean(table):
    """Return the table."""
    # Nothing to do.
    return table.head(LIMIT)
'''


def statuses(project: Project) -> dict[str, str]:
    """Return the status of each task of the newest run."""
    path = project.artifacts(project.top_runs()[0]) / "tasks.json"
    return {name: fact["status"] for name, fact in json.loads(path.read_text()).items()}


@pytest.fixture(scope="session")
def base_project(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project of the article's experiment that ran once.

    Its preprocessor uses a helper of its own module, one of another module of `src/`, and one of
    a module that lies beside `src/`.
    """
    folder = make_once(tmp_path_factory, "base", lambda folder: _run_base(folder, empty_store))
    return Project(folder / "project", {"PYTHONPATH": "."})


def _run_base(folder: Path, store: Path) -> None:
    project = make_project(folder / "project", store)
    project.configure(ARTICLE)
    project.write("src/cleaning.py", CLEANING)
    project.write("lib/outside.py", '"""Outside."""\n\n\ndef keep(table):\n    return table\n')
    path = project.folder / "src" / "tasks" / "preprocessor.py"
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        "import logging\n",
        "import logging\nfrom cleaning import clean\nfrom lib.outside import keep\n",
        1,
    )
    text = text.replace(
        'drop_rows_without(read.frames["train"], self.target)\n',
        'keep(clean(drop_rows_without(read.frames["train"], self.target)))\n',
    )
    path.write_text(text, encoding="utf-8")
    project.environment["PYTHONPATH"] = "."
    outcome = project.run()
    assert outcome.code == 0, outcome.err


@pytest.fixture
def copied(base_project: Project, tmp_path: Path) -> Callable[[], Project]:
    """Return a function that returns a copy of the base project in another place."""

    def copy() -> Project:
        folder = tmp_path / "elsewhere" / "project"
        shutil.copytree(base_project.folder, folder, symlinks=True)
        return Project(folder, dict(base_project.environment))

    return copy
