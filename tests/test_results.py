"""Results are found again by what they depend on, unless a file of theirs is not as it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from runforest.line_cache import open_cache
from runforest.manifest import read_manifest
from runforest.results import Result, ResultIndex, open_index
from runforest.run import Run, RunSettings
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runforest.artifacts import Artifact


class Written(RunTask):
    """Writes a file."""

    def output(self) -> Artifact:
        return self.artifact("text.txt")

    def compute(self) -> None:
        self.output().save("written")


class Folders(RunTask):
    """Writes a folder with a manifest of its own, and one that stays empty."""

    def output(self) -> list[Artifact]:
        return [self.artifact("folder"), self.artifact("deep/empty")]

    def compute(self) -> None:
        folder, empty = self.output()
        folder.path.mkdir()
        (folder.path / "manifest.json").write_text("{}")
        empty.path.mkdir(parents=True)


def open_run(project: Path, run_id: str, finder: str = "") -> Run:
    """Return a run without a tracking store, as in a process that has read no cache yet."""
    open_index.cache_clear()
    open_cache.cache_clear()
    settings = RunSettings(project=str(project), run_id=run_id, config_file="", finder=finder)
    run = Run(project / "mlruns" / "experiment" / run_id, settings)
    run.save()
    return run


def origin(task: RunTask) -> str | None:
    """Return the run that a committed result was reused from."""
    manifest = read_manifest(task.result_folder)
    assert manifest is not None
    return manifest.reused_from


def find_downloaded(_fingerprint: str, store: Path) -> Result | None:
    """Stand for the finder of a tracking store that has the result downloaded already."""
    folder = store / "cache" / "results" / "r1" / "Written"
    manifest = read_manifest(folder)
    return Result(folder=folder, manifest=manifest) if manifest else None


def remove(file: Path) -> None:
    file.unlink()


def damage(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[::-1])


@pytest.mark.parametrize("harm", [remove, damage])
def test_an_index_made_anew_vouches_for_no_file(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    harm(first.output().path)
    shutil.rmtree(tmp_path / "mlruns" / "index")

    second = Written(active_run=open_run(tmp_path, "r2"))
    second.run()

    assert origin(second) is None
    assert second.output().load() == "written"


def test_results_of_a_run_that_died_are_verified_before_they_are_reused(tmp_path: Path) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    damage(first.output().path)
    ResultIndex(tmp_path / "mlruns").add_all(first.active_run.artifacts)

    second = Written(active_run=open_run(tmp_path, "r2"))
    second.run()

    assert origin(second) is None


@pytest.mark.parametrize("harm", [None, damage])
def test_an_earlier_download_is_verified_before_it_is_reused(
    tmp_path: Path, harm: Callable[[Path], None] | None
) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    download = tmp_path / "mlruns" / "cache" / "results" / "r1"
    shutil.move(first.active_run.artifacts, download)
    if harm:
        harm(download / "Written" / "text.txt")

    second = Written(active_run=open_run(tmp_path, "r2", f"{__name__}:find_downloaded"))
    second.run()

    assert origin(second) == (None if harm else "r1")
    assert second.output().load() == "written"


def test_the_caches_do_not_grow_with_every_reuse(tmp_path: Path) -> None:
    Written(active_run=open_run(tmp_path, "r1")).run()
    digests = tmp_path / "mlruns" / "cache" / "digests.txt"
    before = digests.read_text()

    for run_id in ("r2", "r3"):
        Written(active_run=open_run(tmp_path, run_id)).run()

    assert digests.read_text() == before


def test_a_reused_result_has_all_that_its_folders_have(tmp_path: Path) -> None:
    first = Folders(active_run=open_run(tmp_path, "r1"))
    first.run()

    second = Folders(active_run=open_run(tmp_path, "r2"))
    second.run()

    manifest = read_manifest(second.result_folder)
    assert manifest is not None
    assert manifest.reused_from == "r1"
    assert set(manifest.outputs) == {"folder/manifest.json"}
    folder, empty = second.output()
    assert (folder.path / "manifest.json").read_text() == "{}"
    assert empty.path.is_dir()
