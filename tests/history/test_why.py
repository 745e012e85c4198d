"""`why` names a package that was changed, and tells what changes did to the metrics."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

MEASURING = """\
import gauge
import luigi

from runforest.run_task import RunTask


class Measuring(RunTask):
    factor = luigi.FloatParameter()

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.log_metrics({"size": self.factor * gauge.read(), "same": 1.0})
        self.output().save("done")
"""


def install(library: Path, version: str, value: float) -> None:
    """Install a version of the package `gauge`, in place of the one that is there."""
    shutil.rmtree(library, ignore_errors=True)
    folder = library / f"gauge-{version}.dist-info"
    folder.mkdir(parents=True)
    (library / "gauge.py").write_text(f"def read():\n    return {value}\n")
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: gauge\nVersion: {version}\n")
    (folder / "top_level.txt").write_text("gauge\n")


def test_why_names_a_changed_package_and_what_it_did_to_the_metrics(
    project: Project, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    project.environment["PYTHONPATH"] = str(library)
    project.write("src/tasks/measuring.py", MEASURING)
    project.configure('[RunConfig]\ntask = "Measuring"\n[Measuring]\nfactor = 2.0\n')
    install(library, "1.0", 0.25)
    first = project.run("--set", "RunConfig.run_name=first")
    install(library, "2.0", 0.375)
    second = project.run("--set", "RunConfig.run_name=second")

    told = project.command("why", "first", "second")
    as_json = project.command("why", "second", "--json")

    assert (first.code, second.code, told.code) == (0, 0, 0), first.err + second.err + told.err
    assert "gauge 1.0 -> 2.0" in told.out
    assert "metric size: 0.5 -> 0.75" in told.out
    assert "metric same" not in told.out
    assert json.loads(as_json.out)["metrics"] == {"size": {"old": 0.5, "new": 0.75}}
