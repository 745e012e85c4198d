"""The code a task depends on: its module and the project's modules that it imports.

Each top-level definition has a digest of its own, so that `why` can name the changed function.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import luigi

from runforest import HOMES
from runforest.fingerprint.modules import project_file, python_file
from runforest.fingerprint.source import Import, ModuleCode, read_module
from runforest.foundation.layout import Layout
from runforest.results.digests import file_digest
from runforest.results.line_cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHAPING = (
    "runforest.evaluation",
    "runforest.model",
    "runforest.table",
    "runforest.tracking.models",
    "runforest.tuning.driver",
    "runforest.tuning.samplers",
    "runforest.tuning.space",
    "runforest.tuning.study",
)
"""Rooms of the engine whose code shapes results; Runforest's version stands for the others.

Messages, progress, and how a study's plots look are elsewhere: a long study is not computed again
for them. `runforest.results.formats` counts besides, with the tasks that have files for it.
"""

TEMPLATES = {"runforest.evaluation.report": ("report.css", "report.html.jinja")}
"""Files that modules of the engine fill in; they count as their code does."""

Stamp = tuple[int, int, int]
"""Time of change, size and inode of a file: others when it is written anew."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code that modules depend on, transitively."""

    digests: dict[str, str] = field(default_factory=dict)
    """`module:definition` -> SHA-256; other statements of a module stand under `<module>`."""
    third_party: set[str] = field(default_factory=set)
    """Names of the top-level modules outside the project that this code imports."""
    files: dict[str, Path] = field(default_factory=dict)
    """Module -> file, of the project's modules that the code imports by name."""
    read: set[str] = field(default_factory=set)
    """Names of all modules whose source was read."""
    unloaded: dict[str, tuple[Path, Stamp | None, ModuleCode]] = field(default_factory=dict)
    """Module -> its file, that one's stamp and what was read, of those not loaded then."""

    def is_as_read(self) -> bool:
        """Return whether the modules that were not loaded are as they were.

        One that was loaded meanwhile may have been read again just before, by another task.
        """
        return all(
            _known_modules[path] == code if name in sys.modules else _stamp(path) == stamp
            for name, (path, stamp, code) in self.unloaded.items()
        )


_known_code: dict[tuple[tuple[str, ...], Path], Code] = {}
_known_modules: dict[Path, ModuleCode] = {}


def find_code(modules: tuple[str, ...], project: Path) -> Code:
    """Return the code that a task depends on, decided by files and not by what is loaded.

    An imported task is not followed, since its result counts, unless the code takes of it what no
    result brings, such as a constant. All else that a project module imports is followed.

    The packages around a module count with their own `__init__.py` and what that imports from
    elsewhere, but not what it imports of its own package: a package that lists its modules does not
    make each depend on all. A plain `import a.b` imports `a` too, since it gives the code its name.

    Where the engine is installed, its version stands for its code; the third-party packages that it
    computes with count all the same.

    A source may be edited while this process runs what it has loaded. So a module counts as it was
    when it was first read, if it was loaded by the next time; one that is not loaded is read again.
    """
    code = _known_code.get((modules, project))
    if code is None or not code.is_as_read():
        code = _known_code[modules, project] = _collect_code(modules, project)
    return code


def _collect_code(modules: tuple[str, ...], project: Path) -> Code:
    found = Code()
    known = open_cache(Layout(project).code)
    pending = [step for name in modules for step in _steps(name)]
    seen = set(pending)
    while pending:
        name, is_passed = pending.pop()
        path, is_ours = python_file(name), project_file(name, project) is not None
        if not is_ours:
            found.third_party.add(name.partition(".")[0])
        if path is None or not (is_ours or _is_shaping(name)):
            continue
        stamp = _stamp(path)
        if path not in _known_modules or name not in sys.modules:
            _known_modules[path] = read_module(path, name, known)
        code = _known_modules[path]
        if name not in sys.modules:
            found.unloaded[name] = path, stamp, code
        found.read.add(name)
        if is_ours:
            parts = code.definitions | {
                file: file_digest(path.with_name(file)) for file in TEMPLATES.get(name, ())
            }
            found.digests.update({f"{name}:{key}": digest for key, digest in parts.items()})
        if is_ours and not is_passed:
            found.files[name] = path
        targets = {target for one in code.imports for target in _targets(one)}
        targets -= {target for target in targets if is_passed and _is_of_package(target, name)}
        fresh = {step for target in targets for step in _steps(target)} - seen
        seen |= fresh
        pending.extend(fresh)
    found.third_party.difference_update(sys.stdlib_module_names, {"runforest"})
    return found


@cache
def task_modules(task: type[luigi.Task]) -> frozenset[str]:
    """Return the modules of a task's class and of the tasks it is derived from, bar the engine."""
    names = {cls.__module__ for cls in task.__mro__ if issubclass(cls, luigi.Task)}
    return frozenset(one for one in names if not is_machinery(one) and not one.startswith("luigi."))


def is_machinery(module: str) -> bool:
    """Return whether a module belongs to that part of the engine which only carries results."""
    return module.partition(".")[0] == "runforest" and not _is_shaping(module)


def _is_shaping(module: str) -> bool:
    return any(_is_of_package(module, room) for room in SHAPING)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:  # deleted
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _steps(module: str) -> Iterator[tuple[str, bool]]:
    """Yield a module and the packages around it, which are only passed on the way to it."""
    yield module, False
    package = module.rpartition(".")[0]
    while package and not is_machinery(package):
        yield package, True
        package = package.rpartition(".")[0]


def _targets(imported: Import) -> Iterator[str]:
    """Yield the modules that an import leads to, none if it is not to be followed."""
    module, name, attributes = imported
    if module == "runforest":
        module = HOMES.get(name, module)
    target = f"{module}.{name}" if name and python_file(f"{module}.{name}") else module
    if is_machinery(target):
        return
    found = getattr(sys.modules.get(module), name, None) if name else None
    if not (isinstance(found, type) and issubclass(found, luigi.Task)):
        yield target
    elif not all(hasattr(luigi.Task, one) for one in attributes):
        yield target
        yield from task_modules(found)


def _is_of_package(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
