"""Of which packages the versions count: those that touch what a task reads and writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
import pytest

from runforest.fingerprint.ingredients import collect_ingredients
from runforest.results.manifest import Manifest, OutputFile
from runforest.run.active import Run, RunSettings
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from runforest.results.artifacts import Artifact


class Source(RunTask):
    """Writes a file of any name."""

    file = luigi.Parameter(description="Its name.")

    def output(self) -> Artifact:
        return self.artifact(self.file)

    def compute(self) -> None:
        self.output().path.parent.mkdir(exist_ok=True)
        self.output().path.write_text("content")


class Reader(RunTask):
    """Reads the file of another task, and writes text."""

    file = luigi.Parameter(description="Its name.")

    def requires(self) -> RunTask:
        return self.need(Source, file=self.file)

    def output(self) -> Artifact:
        return self.artifact("words.txt")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "mlruns" / "experiment" / "r1", RunSettings(project=str(tmp_path)))
    run.save()
    return run


def packages_of(task: RunTask) -> dict[str, str]:
    """Return the packages of a task's fingerprint, without the engine."""
    packages = task.ingredients()["packages"]
    return {name: found for name, found in packages.items() if name != "runforest"}


@pytest.mark.parametrize(
    ("file", "packages"),
    [
        ("table.parquet", {"pandas", "pyarrow"}),
        ("table.csv", {"pandas"}),
        ("model.skops", {"scikit-learn", "skops"}),
        ("plot.png", {"matplotlib"}),
        ("numbers.json", set()),
        ("words.txt", set()),
        ("file.unknown", set()),
    ],
)
def test_versions_count_of_what_reads_and_writes_a_tasks_files(
    run: Run, file: str, packages: set[str]
) -> None:
    writing = Source(active_run=run, file=file)
    reading = Reader(active_run=run, file=file)
    writing.run()

    versions = {name: version(name) for name in packages}
    assert packages_of(writing) == versions
    assert packages_of(reading) == versions


def test_files_in_a_folder_of_an_upstream_task_count_too(run: Run) -> None:
    Source(active_run=run, file="model/model.skops").run()

    reading = Reader(active_run=run, file="model/model.skops")

    assert packages_of(reading).keys() == {"scikit-learn", "skops"}


def test_a_volatile_file_of_an_upstream_task_counts_no_package(run: Run) -> None:
    files = {
        "words.txt": OutputFile(size_bytes=1, sha256="0"),
        "metric_history.csv": OutputFile(size_bytes=1, sha256="1", is_volatile=True),
    }
    manifest = Manifest(task="Source", fingerprint="2", ingredients={}, outputs=files)
    task = Reader(active_run=run, file="words.txt")

    found = collect_ingredients(task, [manifest], Path(run.settings.project))

    assert "pandas" not in found["packages"]


ASK = """\
import json, sys
from pathlib import Path
from runforest.fingerprint.modules import package_versions
print(json.dumps(package_versions(frozenset({"newcomer"}), Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages", "vendored"])
def test_a_package_that_is_installed_later_counts_from_then_on(tmp_path: Path, folder: str) -> None:
    installed = tmp_path / folder
    installed.mkdir()

    def versions() -> object:
        """Return what a new process finds in the project."""
        path = os.pathsep.join([str(installed), *filter(None, sys.path)])
        done = subprocess.run(
            [sys.executable, "-c", ASK, str(tmp_path / "project")],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    before = versions()
    record = installed / "newcomer-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: newcomer\nVersion: 1.0\n")
    (record / "RECORD").write_text("newcomer.py,,\n")

    assert before == {}
    assert versions() == {"newcomer": "1.0"}
