"""The tasks of a project: importing the package makes them known."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path

from luigi.task_register import Register, TaskClassAmbigiousException

from runforest.foundation.errors import ConfigError, Problem
from runforest.foundation.importing import uncollected

TASKS_PACKAGE = "tasks"


def import_tasks(project: Path) -> None:
    """Import every module below the folder of the project's tasks, which registers them.

    Raises ConfigError when one cannot be imported, or two tasks have one name.
    """
    source = str(project / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    try:
        with uncollected():
            package = importlib.import_module(TASKS_PACKAGE)
            for name in _modules(Path(package.__path__[0])):
                importlib.import_module(name)
    except Exception as error:  # border: this is the user's code
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if source in frame.filename
        ]
        at = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else source
        text = str(error)
        if isinstance(error, SyntaxError):
            at, text = f"{error.filename}, line {error.lineno}", error.msg
        message = f"cannot be imported: {type(error).__name__}: {text} ({at}). Correct that line."
        raise ConfigError([Problem(where="src/tasks", message=message)]) from error
    for name in Register.task_names():
        try:
            Register.get_task_cls(name)
        except TaskClassAmbigiousException:
            message = f"two tasks are named {name}. Rename one of them."
            raise ConfigError([Problem(where="src/tasks", message=message)]) from None


def _modules(folder: Path) -> list[str]:
    """Return the names of the package and of all modules below it, sub-folders included."""
    names = [
        [TASKS_PACKAGE, *file.relative_to(folder).with_suffix("").parts]
        for file in sorted(folder.rglob("*.py"))
    ]
    return [
        ".".join(parts).removesuffix(".__init__")
        for parts in names
        if all(part.isidentifier() for part in parts) and parts[-1] != "__main__"
    ]
