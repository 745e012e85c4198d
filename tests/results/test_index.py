"""Results are found again by what they depend on, unless a file of theirs is not as it was."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
import pytest

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import Layout
from runforest.results.index import Result, ResultIndex, open_index
from runforest.results.line_cache import open_cache
from runforest.results.manifest import read_manifest
from runforest.run.active import Run, RunSettings
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from runforest.results.artifacts import Artifact
    from runforest.results.index import ResultSource


class Written(RunTask):
    """Writes a file."""

    def output(self) -> Artifact:
        return self.artifact("text.txt")

    def compute(self) -> None:
        self.output().save("written")


class Folders(RunTask):
    """Writes a folder with a manifest of its own, and some that stay empty."""

    def output(self) -> list[Artifact]:
        return [self.artifact("folder"), self.artifact("deep/empty")]

    def compute(self) -> None:
        folder, empty = self.output()
        folder.path.mkdir()
        (folder.path / "manifest.json").write_text("{}")
        (folder.path / "nothing").mkdir()
        empty.path.mkdir(parents=True)


class Linked(RunTask):
    """Has links for its file and its folder."""

    where = luigi.Parameter(description="What the links lead to.")

    def output(self) -> list[Artifact]:
        return [self.artifact("file.txt"), self.artifact("folder")]

    def compute(self) -> None:
        file, folder = self.output()
        elsewhere = Path(self.where)
        file.path.symlink_to(elsewhere / "a" / "text.txt")
        folder.path.symlink_to(elsewhere / "a")


class Astray(RunTask):
    """Writes a file, and a link that leads round in a circle or nowhere."""

    where = luigi.Parameter(description="What the link says.")

    def output(self) -> Artifact:
        return self.artifact("text.txt")

    def compute(self) -> None:
        self.output().save("written")
        (self.output().folder / "link").symlink_to(self.where)


def open_run(project: Path, run_id: str, source: ResultSource | None = None) -> Run:
    """Return a run without a tracking store, as in a process that has read no cache yet."""
    open_index.cache_clear()
    open_cache.cache_clear()
    settings = RunSettings(project=str(project), run_id=run_id, config_file="")
    run = Run(project / "mlruns" / "experiment" / run_id, settings, source)
    run.save()
    return run


def origin(task: RunTask) -> str | None:
    """Return the run that a committed result was reused from."""
    manifest = read_manifest(task.result_folder)
    assert manifest is not None
    return manifest.reused_from


@dataclass(frozen=True)
class Folder:
    """A source of results that has one."""

    folder: Path

    def find(self, _fingerprint: str) -> Result | None:
        manifest = read_manifest(self.folder)
        return Result(folder=self.folder, manifest=manifest) if manifest else None


def remove(file: Path) -> None:
    file.unlink()


def damage(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[::-1])


@pytest.mark.parametrize("harm", [remove, damage])
def test_an_index_made_anew_has_no_digest_of_a_file(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    harm(first.output().path)
    shutil.rmtree(tmp_path / "mlruns" / ".runforest" / "index")

    second = Written(active_run=open_run(tmp_path, "r2"))
    second.run()

    assert origin(second) is None
    assert second.output().load() == "written"


def test_what_is_entered_while_the_index_is_deleted_does_not_pass_for_the_index(
    tmp_path: Path,
) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    index = tmp_path / "mlruns" / ".runforest" / "index"
    shutil.rmtree(index)
    (index / "tasks").mkdir(parents=True)
    (index / "tasks" / "Other").write_text("experiment/r0/artifacts/Other\n")

    second = Written(active_run=open_run(tmp_path, "r2"))
    second.run()

    assert origin(second) == "r1"


def test_results_of_a_run_that_died_are_verified_before_they_are_reused(tmp_path: Path) -> None:
    first = Written(active_run=open_run(tmp_path, "r1"))
    first.run()
    damage(first.output().path)
    ResultIndex(Layout(tmp_path)).add_all(first.active_run.artifacts)

    second = Written(active_run=open_run(tmp_path, "r2"))
    second.run()

    assert origin(second) is None


def test_a_result_that_this_project_lacks_comes_from_the_source_of_the_run(tmp_path: Path) -> None:
    first = Written(active_run=open_run(tmp_path / "other", "r1"))
    first.run()

    run = open_run(tmp_path, "r2", Folder(first.result_folder))
    second = Written(active_run=pickle.loads(pickle.dumps(run)))  # as a spawned worker gets it
    second.run()

    assert origin(second) == "r1"
    assert second.output().load() == "written"


def test_the_caches_do_not_grow_with_every_reuse(tmp_path: Path) -> None:
    Written(active_run=open_run(tmp_path, "r1")).run()
    digests = tmp_path / "mlruns" / ".runforest" / "cache" / "digests.txt"
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
    assert (folder.path / "nothing").is_dir()


def test_a_result_holds_what_its_links_pointed_to(tmp_path: Path) -> None:
    source = tmp_path / "raw" / "a" / "text.txt"
    source.parent.mkdir(parents=True)
    source.write_text("raw")
    mode = source.stat().st_mode

    Linked(active_run=open_run(tmp_path, "r1"), where=str(tmp_path / "raw")).run()
    source.write_text("edited")
    second = Linked(active_run=open_run(tmp_path, "r2"), where=str(tmp_path / "raw"))
    second.run()

    file, folder = second.output()
    assert origin(second) == "r1"
    assert (file.load(), (folder.path / "text.txt").read_text()) == ("raw", "raw")
    assert source.stat().st_mode == mode


@pytest.mark.parametrize("where", [".", "nowhere"])
def test_a_link_that_cannot_be_replaced_fails_its_task(tmp_path: Path, where: str) -> None:
    task = Astray(active_run=open_run(tmp_path, "r1"), where=where)

    with pytest.raises(ArtifactError, match="cannot be copied"):
        task.run()

    assert not task.complete()
