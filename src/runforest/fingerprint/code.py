"""The code a task depends on: its module and the project's modules that it imports.

Each top-level definition has a digest of its own, so that `why` can name the changed function.
Comments, docstrings and formatting do not count: the digest is of the normalised syntax tree.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import luigi

from runforest.line_cache import LineCache, open_cache

SHAPING = (
    "runforest.estimators",
    "runforest.evaluation",
    "runforest.scorers",
    "runforest.stepwise",
    "runforest.tuning",
)
"""Modules of the engine whose code shapes results; Runforest's version stands for the others."""


@dataclass(frozen=True, kw_only=True)
class ModuleCode:
    """The digests of a module's definitions, and its imports as (module, name or "")."""

    definitions: dict[str, str]
    imports: tuple[tuple[str, str], ...]


@cache
def code_digests(modules: tuple[str, ...], project: Path) -> tuple[dict[str, str], set[str]]:
    """Return the code that a task depends on.

    A task that is imported is not followed: what it does reaches this one through its result, so
    that a change upstream which yields the same bytes stops there. Anything else that a project
    module imports is followed, a helper function out of another task's module included.

    Parameters
    ----------
    modules
        Importable names: the modules of the task's class and of its bases.
    project
        Folder of the project; modules outside it are third-party.

    Returns
    -------
    digests
        `module:definition` -> SHA-256, over the modules and all that they import of the project,
        transitively; statements outside functions and classes stand under `module:<module>`.
    third_party
        Names of the top-level modules outside the project that this code imports.
    """
    digests: dict[str, str] = {}
    third_party: set[str] = set()
    known = open_cache(project / "mlruns" / "cache" / "code.jsonl")
    pending, seen = list(modules), set(modules)
    while pending:
        name = pending.pop()
        path = project_file(name, project)
        if path is None:
            third_party.add(name.partition(".")[0])
            continue
        code = read_module(path, name, known)
        digests |= {f"{name}:{key}": value for key, value in code.definitions.items()}
        fresh = {found for found in map(_followed, code.imports) if found} - seen
        seen |= fresh
        pending.extend(fresh)
    return digests, third_party - set(sys.stdlib_module_names) - {"runforest"}


def is_machinery(module: str) -> bool:
    """Return whether a module belongs to that part of the engine which only carries results."""
    return module.partition(".")[0] == "runforest" and not module.startswith(SHAPING)


def _followed(imported: tuple[str, str]) -> str | None:
    """Return the module that an import leads to, or None if it is not to be followed."""
    module, name = imported
    if is_machinery(module):
        return None
    found = getattr(sys.modules.get(module), name, None) if name else None
    if isinstance(found, type) and issubclass(found, luigi.Task):
        return None
    return f"{module}.{name}" if name and _is_submodule(module, name) else module


@cache
def project_file(module: str, project: Path) -> Path | None:
    """Return the file of a module that lies in the project, None for any other.

    Nothing is imported to find it: that of a large library would take seconds.
    """
    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None) if loaded else _origin(module)
    if origin is None:
        return None
    path = Path(origin).resolve()
    is_ours = path.suffix == ".py" and path.is_relative_to(project.resolve())
    return path if is_ours and "site-packages" not in path.parts else None


def read_module(path: Path, name: str, known: LineCache) -> ModuleCode:
    """Return the digests and imports of a source file, parsed once as long as it is the same."""
    data = path.read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = f"{name} {version} {hashlib.sha256(data).hexdigest()}"
    entry: Any = known.get(key)
    if not isinstance(entry, dict):
        tree = ast.parse(data)
        imports = _Imports(name if path.name == "__init__.py" else name.rpartition(".")[0])
        imports.visit(tree)
        entry = {"definitions": _definition_digests(tree), "imports": sorted(imports.found)}
        known.put(key, entry)
    return ModuleCode(
        definitions=entry["definitions"],
        imports=tuple((module, item) for module, item in entry["imports"]),
    )


def _origin(module: str) -> str | None:
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not rest:
        return spec.origin if spec else None
    for folder in spec.submodule_search_locations or []:
        base = Path(folder).joinpath(*rest)
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return str(file)
    return None


def _definition_digests(tree: ast.Module) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for node in _without_docstrings(tree).body:
        name = str(getattr(node, "name", "<module>"))
        parts.setdefault(name, []).append(ast.dump(node))
    return {
        name: hashlib.sha256("\n".join(texts).encode()).hexdigest() for name, texts in parts.items()
    }


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _is_bare_string(item)]  # type: ignore[attr-defined]
    return tree


def _is_bare_string(node: ast.AST) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)  # type: ignore[attr-defined]


class _Imports(ast.NodeVisitor):
    """Collects what a module imports when it runs, wherever in it."""

    def __init__(self, package: str) -> None:
        self.found: set[tuple[str, str]] = set()
        self._package = package

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {(alias.name, "") for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = _import_base(node, self._package)
        self.found |= {(base, alias.name) for alias in node.names}

    def visit_If(self, node: ast.If) -> None:
        """Pass over imports that only type checkers see."""
        is_for_types = "TYPE_CHECKING" in ast.dump(node.test)
        for child in node.orelse if is_for_types else [node.test, *node.body, *node.orelse]:
            self.visit(child)


def _import_base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")
    kept = parents[: len(parents) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def _is_submodule(package: str, name: str) -> bool:
    loaded = sys.modules.get(package)
    return any(
        (Path(folder) / f"{name}.py").exists() or (Path(folder) / name / "__init__.py").exists()
        for folder in getattr(loaded, "__path__", [])
    )
