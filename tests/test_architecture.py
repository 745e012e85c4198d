"""The map in docs/architecture.md is that of the code and of the import contracts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
ENGINE = REPOSITORY / "src" / "runforest"
NAMED = set(re.findall(r"`(?!mlruns)([a-z_]+(?:/[a-z_]+)*(?:/|\.py))[^`]*`", PAGE))
"""Rooms and files that the page names, from the engine's folder or that of their row."""

MAX_LINES, MAX_FILES = 250, 13


def test_each_room_of_the_map_is_in_the_layers_of_the_import_contract() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["id"]: one for one in project["tool"]["importlinter"]["contracts"]}
    layers = {one for row in contracts["layers"]["layers"] for one in row.split(" | ")}
    table = PAGE.partition("| room |")[2].partition("\n\n")[0]

    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)

    rooms = {room for row in rows for room in re.findall(r"`(\w+)(?:/|\.py)`", row)}
    assert rooms == layers - {"__main__"}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_what_the_page_names_is_there(name: str) -> None:
    assert any(path.exists() for path in (ENGINE / name, REPOSITORY / name, *ENGINE.rglob(name)))


def test_no_module_is_long_and_no_room_crowded() -> None:
    modules = list(ENGINE.rglob("*.py"))

    lengths = {one.name: len(one.read_text(encoding="utf-8").splitlines()) for one in modules}
    rooms = {one.parent: len(list(one.parent.glob("*.py"))) for one in modules}

    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}
    assert {room.name: n for room, n in rooms.items() if n > MAX_FILES} == {}
