"""What a source file says: a digest of each top-level definition, and what it imports.

Comments, docstrings and formatting do not count: the digest is of the normalised syntax tree.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.line_cache import LineCache

_FORMAT = 3  # of what is kept in the cache; a change to what is collected makes it another


@dataclass(frozen=True, kw_only=True)
class ModuleCode:
    """The digests of a module's definitions, and its imports as (module, name or "")."""

    definitions: dict[str, str]
    imports: tuple[tuple[str, str], ...]


def read_module(path: Path, name: str, known: LineCache) -> ModuleCode:
    """Return the digests and imports of a source file, parsed once as long as it is the same.

    One with a syntax error counts by its bytes: whoever imports it will tell.
    """
    data = path.read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    key = f"{_FORMAT} {name} of {package} {version} {hashlib.sha256(data).hexdigest()}"
    entry: Any = known.get(key)
    if not isinstance(entry, dict):
        entry = _parsed(data, package)
        known.put(key, entry)
    return ModuleCode(
        definitions=entry["definitions"],
        imports=tuple((module, item) for module, item in entry["imports"]),
    )


def _parsed(data: bytes, package: str) -> dict[str, object]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):  # the latter for a null byte, in some versions of Python
        return {"definitions": {"<module>": hashlib.sha256(data).hexdigest()}, "imports": []}
    imports = _Imports(package)
    imports.visit(tree)
    return {"definitions": _definition_digests(tree), "imports": sorted(imports.found)}


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
        """Collect what each binds: `import a.b` gives the code `a` too, `import a.b as c` not."""
        for alias in node.names:
            self.found.add((alias.name, ""))
            if not alias.asname:
                parts = alias.name.split(".")
                self.found |= {(".".join(parts[:end]), "") for end in range(1, len(parts))}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = _import_base(node, self._package)
        self.found |= {(base, alias.name) for alias in node.names}

    def visit_If(self, node: ast.If) -> None:
        """Pass over imports that only type checkers see."""
        is_negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        flag = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        if not _is_type_checking(flag):
            self.generic_visit(node)
            return
        for child in node.body if is_negated else node.orelse:
            self.visit(child)


def _is_type_checking(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name == "TYPE_CHECKING"


def _import_base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")
    kept = parents[: len(parents) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)
