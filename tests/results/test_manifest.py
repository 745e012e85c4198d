"""Manifests of earlier versions are read as if they were written now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runforest.results.manifest import MANIFEST_VERSION, read_manifest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("folder", "name", "bare"),
    [
        ("Trainer", "Trainer.best.alpha", "best.alpha"),
        ("Trainer-file=train.csv-1a2b3c4d", "Trainer-file=train.csv-1a2b3c4d.depth", "depth"),
        # Reused under another name, a result kept that of the folder in which it was computed.
        ("Trainer", "Trainer-seed=1.best.alpha", "best.alpha"),
        ("Trainer-seed=0", "Trainer.depth", "depth"),
        ("Trainer", "Trainer-rate=0.5,seed=1.depth", "depth"),
    ],
)
def test_params_of_version_1_lose_the_name_of_their_folder(
    tmp_path: Path, folder: str, name: str, bare: str
) -> None:
    content = {
        "task": "Trainer",
        "fingerprint": "feed",
        "ingredients": {},
        "outputs": {},
        "params": {name: "1"},
        "version": 1,
    }
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")

    manifest = read_manifest(tmp_path / folder)

    assert manifest is not None
    assert manifest.params == {bare: "1"}
    assert manifest.version == MANIFEST_VERSION
