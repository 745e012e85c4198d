"""Where modules come from: the project's source files, and versions of installed distributions."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import sysconfig
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.layout import Layout
from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_MODULE = re.compile(r"^([^/,]+?)(?:\.py,|/[^,\n]*\.(?:py|so)\b)", re.MULTILINE)
_STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
_version = cache(metadata.version)
INSTALLED = {"site-packages", "dist-packages"}
"""Names of the folders of installed packages; the second is Debian's."""


@cache
def project_file(module: str, project: Path) -> Path | None:
    """Return the file of a module of the project; an environment inside it is not the project's."""
    path = python_file(module)
    if path is None or not path.is_relative_to(project.resolve()):
        return None
    is_installed = not INSTALLED.isdisjoint(path.parts) or path.is_relative_to(_STANDARD_LIBRARY)
    return None if is_installed else path


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


@cache
def package_versions(modules: frozenset[str], project: Path) -> dict[str, str]:
    """Return distribution -> version for the top-level modules that are installed.

    Which distribution a module belongs to is remembered in the project, since finding it out
    reads the file lists of all that is installed.
    """
    known = open_cache(Layout(project).distributions)
    versions: dict[str, str] = {}
    for module in sorted(modules):
        key = f"{module} {_installation()}"
        names = known.get(key)
        if not isinstance(names, list):
            names = sorted({found.name for found in _all_distributions().get(module, [])})
            known.put(key, names)
        versions |= {name: _version(name) for name in names}
    return versions


@cache
def _installation() -> str:
    """Return what changes when a package is installed or removed: the folders and their times.

    They are known by the records of what is installed: Debian and `pip --target` name them freely.
    """
    folders = [Path(entry) for entry in sys.path if _has_records(entry)]
    return " ".join(f"{folder}@{folder.stat().st_mtime_ns}" for folder in folders)


def _has_records(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith((".dist-info", ".egg-info")) for entry in entries)
    except OSError:  # not there, or an archive
        return False


@cache
def _all_distributions() -> dict[str, list[metadata.Distribution]]:
    """Return module -> distributions; `packages_distributions` takes seven times as long."""
    found: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        declared = (distribution.read_text("top_level.txt") or "").split()
        for module in declared or set(_MODULE.findall(distribution.read_text("RECORD") or "")):
            found.setdefault(module, []).append(distribution)
    return found
