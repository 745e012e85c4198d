"""A source file as a value: a digest of each top-level definition, and what it imports.

Comments, docstrings and formatting do not count: the digest is of the normalised syntax tree.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from runforest.results.digests import text_digest

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.results.line_cache import LineCache

_FORMAT = 4  # of the entries of the cache; a change to what is collected makes it another


class Import(NamedTuple):
    """What a module imports: a name of another module, or "" for that module itself.

    `attributes` are those that the code takes of the name, or of what it makes of it by a call.
    """

    module: str
    name: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModuleCode:
    """The digests of a module's definitions, and its imports."""

    definitions: dict[str, str]
    imports: tuple[Import, ...]


def read_module(path: Path, name: str, known: LineCache) -> ModuleCode:
    """Return the digests and imports of a source file; one with a syntax error counts by its bytes.

    It is parsed once as long as it is the same.
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
        imports=tuple(
            Import(module, item, tuple(attributes)) for module, item, attributes in entry["imports"]
        ),
    )


def _parsed(data: bytes, package: str) -> dict[str, object]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):  # the latter for a null byte, in some versions of Python
        return {"definitions": {"<module>": hashlib.sha256(data).hexdigest()}, "imports": []}
    imports = _Imports(package)
    imports.visit(tree)
    return {"definitions": _definition_digests(tree), "imports": imports.found()}


def _definition_digests(tree: ast.Module) -> dict[str, str]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # without docstrings
            node.body = [item for item in body if not _is_bare_string(item)]  # type: ignore[attr-defined]
    parts: dict[str, list[str]] = {}
    for item in tree.body:
        parts.setdefault(getattr(item, "name", "<module>"), []).append(ast.dump(item))
    return {name: text_digest("\n".join(texts)) for name, texts in parts.items()}


def _is_bare_string(node: ast.AST) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)  # type: ignore[attr-defined]


class _Imports(ast.NodeVisitor):
    """Collects what a module imports when it runs, wherever in it."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._bound: dict[tuple[str, str], set[str]] = {}
        self._attributes: set[tuple[str, str]] = set()

    def found(self) -> list[Import]:
        """Return the imports, sorted."""
        return sorted(
            Import(*imported, tuple(sorted(one for name, one in self._attributes if name in names)))
            for imported, names in self._bound.items()
        )

    def visit_Import(self, node: ast.Import) -> None:
        """Collect what each binds: `import a.b` gives the code `a` too, `import a.b as c` not."""
        for alias in node.names:
            self._bound.setdefault((alias.name, ""), set())
            package = "" if alias.asname else alias.name.rpartition(".")[0]
            while package:
                self._bound.setdefault((package, ""), set())
                package = package.rpartition(".")[0]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parents = self._package.split(".")
        around = parents[: len(parents) - node.level + 1] if node.level else []
        base = ".".join([*around, node.module] if node.module else around)
        for alias in node.names:
            names = self._bound.setdefault((base, alias.name), set())
            names.add(alias.asname or alias.name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Collect `Name.attribute`, `Name(...).attribute` and `self.need(Name).attribute`."""
        value = node.value
        owners = [value.func, *value.args] if isinstance(value, ast.Call) else [value]
        self._attributes |= {(one.id, node.attr) for one in owners if isinstance(one, ast.Name)}
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Pass over attributes in `requires`: what it gives counts by its result."""
        self._visit(node, is_wiring=node.name == "requires")

    def visit_Call(self, node: ast.Call) -> None:
        """Pass over attributes in what `need` is given, for the same reason."""
        self._visit(node, is_wiring=getattr(node.func, "attr", "") == "need")

    def _visit(self, node: ast.AST, *, is_wiring: bool) -> None:
        before = set(self._attributes)
        self.generic_visit(node)
        if is_wiring:
            self._attributes = before

    def visit_If(self, node: ast.If) -> None:
        """Pass over imports that only type checkers see."""
        is_negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        flag = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        if ast.unparse(flag).rpartition(".")[2] != "TYPE_CHECKING":
            self.generic_visit(node)
            return
        for child in node.body if is_negated else node.orelse:
            self.visit(child)
