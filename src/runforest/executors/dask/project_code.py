"""The code that workers need: the project's `src` folder and Runforest itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import runforest


def code_files() -> dict[str, bytes]:
    """Return the files of Runforest and of all that stands beside the tasks, by their path."""
    engine = Path(runforest.__file__).resolve().parent
    roots = [*_beside_tasks(), engine]
    return {
        str(file.relative_to(root.parent)): file.read_bytes()
        for root in roots
        if root == engine or root.name != engine.name
        for file in ([root] if root.is_file() else sorted(root.rglob("*")))
        if file.is_file() and not _is_generated(file.relative_to(root.parent))
    }


def _beside_tasks() -> list[Path]:
    spec = find_spec("tasks")
    if spec is None or not spec.submodule_search_locations:
        return []
    tasks = Path(next(iter(spec.submodule_search_locations))).resolve()
    return [tasks] if "site-packages" in tasks.parts else list(tasks.parent.iterdir())


def _is_generated(path: Path) -> bool:
    suffixes = (".egg-info", ".pyc")
    return any(
        part.startswith(".") or part == "__pycache__" or part.endswith(suffixes)
        for part in path.parts
    )
