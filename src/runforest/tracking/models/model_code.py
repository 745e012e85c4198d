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
    from collections.abc import Iterable, Iterator


@contextmanager
def model_code(paths: Iterable[str], project: Path) -> Iterator[list[Path]]:
    """Lend a copy of the packages that import paths lead to; none of those outside the project.

    The copy has the modules and what they import of the project. The packages
    themselves stay empty: the one of the tasks imports every task, and with them libraries that
    a prediction does not need.
    """
    named = {path.rpartition(".")[0] for path in paths} - {""}
    own = sorted(name for name in named if project_file(name, project) is not None)
    modules = find_code(tuple(own), project).files if own else {}
    with TemporaryDirectory(prefix="runforest-") as scratch:
        for name, file in sorted(modules.items()):
            _copy(name, file, Path(scratch))
        if any(b"runforest" in file.read_bytes() for file in modules.values()):
            source, target = Path(runforest.__file__).parent, Path(scratch) / "runforest"
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        yield sorted(Path(scratch).iterdir())


def _copy(name: str, file: Path, target: Path) -> None:
    """Copy a module to where its name puts it, in packages that are empty unless copied too."""
    path = target.joinpath(*name.split("."))
    destination = path / "__init__.py" if file.name == "__init__.py" else path.with_suffix(".py")
    destination.parent.mkdir(parents=True, exist_ok=True)
    for folder in destination.relative_to(target).parents[:-1]:
        (target / folder / "__init__.py").touch()
    shutil.copyfile(file, destination)
