"""The project's code that a saved model needs to be loaded, and no more."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import runforest
from runforest.fingerprint.code import find_code
from runforest.fingerprint.modules import project_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENGINE = "runforest"


@contextmanager
def model_code(estimator: str, project: Path) -> Iterator[list[Path]]:
    """Lend a copy of the packages from which an estimator of the project is imported.

    The copy has the estimator's module and what that imports of the project. The packages
    themselves stay empty: the one of the tasks imports every task, and with them libraries that
    a prediction does not need.

    Parameters
    ----------
    estimator
        Import path of a class; for one that is not of the project there is nothing to copy.
    """
    modules = _modules(estimator.rpartition(".")[0], project)
    with TemporaryDirectory(prefix="runforest-") as scratch:
        for name, file in modules.items():
            _copy(name, file, Path(scratch))
        if any(_ENGINE.encode() in file.read_bytes() for file in modules.values()):
            source = Path(runforest.__file__).parent
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, Path(scratch) / _ENGINE, ignore=ignored, dirs_exist_ok=True)
        yield sorted(Path(scratch).iterdir())


def _modules(name: str, project: Path) -> dict[str, Path]:
    if not name or project_file(name, project) is None:
        return {}
    return dict(sorted(find_code((name,), project).files.items()))


def _copy(name: str, file: Path, target: Path) -> None:
    """Copy a module to where its name puts it, in packages that are empty unless copied too."""
    path = target.joinpath(*name.split("."))
    destination = path / "__init__.py" if file.name == "__init__.py" else path.with_suffix(".py")
    destination.parent.mkdir(parents=True, exist_ok=True)
    for folder in destination.parents:
        if folder == target:
            break
        (folder / "__init__.py").touch()
    shutil.copyfile(file, destination)
