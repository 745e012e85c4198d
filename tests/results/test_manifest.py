"""A manifest is read only if it is sound: whoever wrote it, its names lead into the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import below
from runforest.results.manifest import Manifest, OutputFile, read_manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

LEADING_ELSEWHERE = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../up.txt",
    "plots/../../up.txt",
    "plots//roc.png",
    "C:up.txt",
    "C:\\up.txt",
    "..\\up.txt",
    "nul\0.txt",
    "\udce9.txt",
]
OUTPUT = {"size_bytes": 1, "sha256": "00"}
SOUND = {
    "task": "Trainer",
    "fingerprint": "feed",
    "ingredients": {},
    "outputs": {"plots/roc.png": OUTPUT, "a b,c=1:2.txt": OUTPUT},
    "empty_folders": ["folder"],
    "metrics": {"loss": float("nan")},
    "version": 4,
}


def written(folder: Path, content: object) -> Path:
    """Write a manifest as a stranger may; return its folder."""
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_sound_manifest_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, SOUND))

    assert manifest is not None
    assert manifest.outputs["plots/roc.png"] == OutputFile(size_bytes=1, sha256="00")


@pytest.mark.parametrize("name", [*LEADING_ELSEWHERE, "manifest.json"])
@pytest.mark.parametrize("field", ["outputs", "empty_folders"])
def test_a_manifest_whose_names_lead_elsewhere_is_refused(
    tmp_path: Path, field: str, name: str
) -> None:
    content = SOUND | {field: {name: OUTPUT} if field == "outputs" else [name]}

    with pytest.raises(ArtifactError, match="Delete the folder to recompute it"):
        read_manifest(written(tmp_path, content))


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 3},
        {"version": 5},
        {"fingerprint": "../feed"},
        {"fingerprint": ""},
        {"metrics": ["loss"]},
        {"outputs": {"model": {"size_bytes": "1", "sha256": "00"}}},
        {"reused_from": 1},
        {"colour": "blue"},
    ],
)
def test_a_manifest_of_another_shape_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(ArtifactError, match="Delete the folder to recompute it"):
        read_manifest(written(tmp_path, SOUND | fields))


@pytest.mark.parametrize("name", LEADING_ELSEWHERE)
def test_a_name_that_leads_elsewhere_is_not_written_either(tmp_path: Path, name: str) -> None:
    manifest = Manifest(
        task="T",
        fingerprint="feed",
        ingredients={},
        outputs={name: OutputFile(size_bytes=1, sha256="00")},
    )

    with pytest.raises(ArtifactError, match="Use a relative path"):
        write_manifest(tmp_path, manifest)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", LEADING_ELSEWHERE)
def test_a_name_that_leads_elsewhere_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="Use a relative path"):
        below(tmp_path, name)


@pytest.mark.parametrize("name", ["link", "link/file.txt"])
def test_a_link_that_leads_out_of_a_folder_is_no_path_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)

    with pytest.raises(ArtifactError, match="leads out of"):
        below(tmp_path / "folder", name)
