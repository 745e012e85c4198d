"""Versions of the third-party distributions that provide given modules."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.layout import Layout
from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    from runforest.results.line_cache import LineCache


@cache
def package_versions(modules: frozenset[str], project: Path) -> dict[str, str]:
    """Return distribution -> version for the top-level modules that are installed.

    Which distribution a module belongs to is remembered in the project, since finding it out
    reads the file lists of all that is installed.
    """
    known = open_cache(Layout(project).distributions)
    versions: dict[str, str] = {}
    for module in sorted(modules):
        for name in _distributions(module, known):
            versions[name] = _version(name)
    return versions


@cache
def _version(distribution: str) -> str:
    return metadata.version(distribution)


def _distributions(module: str, known: LineCache) -> list[str]:
    key = f"{module} {_installation()}"
    names = known.get(key)
    if not isinstance(names, list):
        names = sorted({found.name for found in _all_distributions().get(module, [])})
        known.put(key, names)
    return names


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


_MODULE = re.compile(r"^([^/,]+?)(?:\.py,|/[^,\n]*\.(?:py|so)\b)", re.MULTILINE)
