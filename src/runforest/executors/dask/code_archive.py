"""The code that workers need: the project's `src` folder and Runforest itself, as a zip file."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import runforest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT_PACKAGE = "tasks"


def code_archive() -> bytes:
    """Return a zip file that holds the packages which this process imports from."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in _packages().values():
            for file in _files(package):
                archive.write(file, file.relative_to(package.parent))
    return content.getvalue()


def _packages() -> dict[str, Path]:
    """Return the packages and modules to send, by name: all that stand beside the tasks."""
    engine = Path(runforest.__file__).resolve().parent
    spec = find_spec(PROJECT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return {engine.name: engine}
    tasks = Path(next(iter(spec.submodule_search_locations))).resolve()
    is_installed = "site-packages" in tasks.parts
    beside = [tasks] if is_installed else [path for path in tasks.parent.iterdir() if _counts(path)]
    return {path.name: path for path in beside} | {engine.name: engine}


def _files(package: Path) -> Iterator[Path]:
    if package.is_file():
        yield package
        return
    for path in sorted(package.iterdir()):
        if _counts(path):
            yield from _files(path)


def _counts(path: Path) -> bool:
    is_generated = path.name == "__pycache__" or path.name.endswith((".egg-info", ".pyc"))
    return not is_generated and not path.name.startswith(".")
