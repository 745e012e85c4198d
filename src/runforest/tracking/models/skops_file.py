"""Making a skops file the same for the same estimator.

skops numbers objects by their address in memory and stamps files with the time, so that two equal
estimators differ in every byte and nothing downstream of them could be recognised as unchanged.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = "schema.json"
_DATE = (1980, 1, 1, 0, 0, 0)


def make_deterministic(path: Path) -> None:
    """Rewrite a skops file with objects numbered by first occurrence and a fixed date."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, int] = {}
    schema = _renumbered(json.loads(contents.pop(_SCHEMA)), numbers)
    files = {_renamed(name, numbers): data for name, data in contents.items()}
    files[_SCHEMA] = json.dumps(schema, indent=2).encode()
    draft = path.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w") as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _DATE), files[name], zipfile.ZIP_DEFLATED)
    draft.replace(path)


def _renumbered(node: object, numbers: dict[str, int]) -> object:
    """Return a node of the schema with new object numbers and the files' new names."""
    if isinstance(node, list):
        return [_renumbered(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    renewed = dict(node)
    if "__id__" in node:
        # Which equal constants share an object is chance, so each gets a number of its own.
        is_constant = node.get("__loader__") == "JsonNode"
        name = f"constant {len(numbers)}" if is_constant else str(node["__id__"])
        renewed["__id__"] = numbers.setdefault(name, len(numbers))
    for key, value in renewed.items():
        if key == "file":
            renewed[key] = _renamed(str(value), numbers)
        elif key != "__id__":
            renewed[key] = _renumbered(value, numbers)
    return renewed


def _renamed(name: str, numbers: dict[str, int]) -> str:
    path = PurePosixPath(name)
    return f"{numbers.setdefault(path.stem, len(numbers))}{path.suffix}"
