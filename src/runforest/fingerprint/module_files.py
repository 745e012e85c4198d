"""The source files of modules, and which of them are the project's own."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
INSTALLED = {"site-packages", "dist-packages"}
"""Names of the folders of installed packages; the second is Debian's."""


@cache
def project_file(module: str, project: Path) -> Path | None:
    """Return the file of a module that lies in the project, None for any other.

    What an environment inside the project brings, the standard library of one included, is not
    the project's.
    """
    path = python_file(module)
    is_inside = path is not None and path.is_relative_to(project.resolve())
    return path if path and is_inside and not _is_installed(path) else None


@cache
def python_file(module: str) -> Path | None:
    """Return the source file of a module, None for one that has none.

    Nothing is imported to find it: that of a large library would take seconds.
    """
    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None) if loaded else _origin(module)
    path = Path(origin).resolve() if origin else None
    return path if path and path.suffix == ".py" else None


def _origin(module: str) -> str | None:
    top, *rest = module.split(".")
    spec = _spec(top)
    if spec is None or not rest:
        return spec.origin if spec else None
    for folder in spec.submodule_search_locations or []:
        base = Path(folder).joinpath(*rest)
        for file in (base / "__init__.py", base.with_suffix(".py")):
            if file.is_file():
                return str(file)
    return None


@cache
def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None


def _is_installed(path: Path) -> bool:
    return not INSTALLED.isdisjoint(path.parts) or path.is_relative_to(_STANDARD_LIBRARY)
