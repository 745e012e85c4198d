"""The map in docs/architecture.md is that of the import contracts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_each_layer_of_the_contract_is_a_row_of_the_map() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["id"]: one for one in project["tool"]["importlinter"]["contracts"]}
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)

    layers = [set(layer.split(" | ")) for layer in contracts["layers"]["layers"]]
    assert [set(re.findall(r"`(\w+)(?:/|\.py)`", row)) for row in rows] == layers
