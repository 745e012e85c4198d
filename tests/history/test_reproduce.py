"""An earlier run is done again: with its code and its files, and what does not come out is told."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from runforest.provenance.sources import MAX_FILE_BYTES
from tests.conftest import Project, git, make_project
from tests.launch.execution.counted_study import make_study

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIGURATION = """\
[RunConfig]
experiment_name = "notes"
task = "Report"
[PathConfig]
input = "input"
"""
TASKS = '''\
"""Tasks that read files of their own, with a module beside `src`."""

import random
from pathlib import Path

import luigi

from lib.outside import shout
from runforest.foundation.parameters import InputFileParameter
from runforest.run_task import RunTask


class Load(RunTask):
    file = InputFileParameter(default="input/default.txt")

    def output(self):
        return self.artifact("loaded.txt")

    def compute(self):
        self.output().save(Path(self.file).read_text())


class Report(RunTask):
    def requires(self):
        return [self.need(Load), self.need(Load, file="input/notes.txt")]

    def output(self):
        return self.artifact("report.txt")

    def compute(self):
        from lib.late import END

        frame = Path(__file__).with_name("frame.txt").read_text()
        text = shout("".join(one.load() for one in self.input()))
        self.output().save(frame + text + END)


class Noise(RunTask):
    def output(self):
        return self.artifact("noise.txt")

    def compute(self):
        self.output().save(str(random.random()))
        self.log_metric("level", 100 + random.random())
'''


def make_notes(folder: Path, store: Path) -> Project:
    """Return a project of small tasks alone, whose raw files git does not have."""
    project = make_project(folder / "project", store)
    tasks = project.folder / "src" / "tasks"
    for path in tasks.glob("[!_]*.py"):
        path.unlink()
    project.configure(CONFIGURATION)
    project.write("src/tasks/notes.py", TASKS)
    project.write("src/tasks/frame.txt", "Notes: ")
    project.write("lib/outside.py", "def shout(text):\n    return text.upper()\n")
    project.write("lib/late.py", "END = '!'\n")
    project.write("input/default.txt", "by default ")
    project.write("input/notes.txt", "by name")
    project.write(".gitignore", "/input/\n/mlruns/\n__pycache__/\n")
    project.environment["PYTHONPATH"] = "."
    return project


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project without git; of its runs two are pinned to the first."""
    project = make_notes(tmp_path_factory.mktemp("noted"), empty_store)
    outcome = project.run("--set", "RunConfig.run_name=first")
    assert outcome.code == 0, outcome.err
    first = project.top_runs()[0]
    pins = {
        "folder": f"./{project.artifacts(first).relative_to(project.folder)}/Load/",
        "uri": f"runs:/{first.info.run_id}/Load",
    }
    for name, pin in pins.items():
        outcome = project.run(
            "--set", f"PathConfig.Load={pin}", "--set", f"RunConfig.run_name={name}"
        )
        assert outcome.code == 0, outcome.err
    return project


def test_a_run_without_a_commit_records_why_in_its_tags_and_its_log(noted: Project) -> None:
    run = noted.top_runs()[0]

    log = (noted.artifacts(run) / "console.log").read_text()

    remedy = "the project is in no git repository. Run `git init` and commit the code."
    assert run.data.tags["git.problem"] == remedy
    assert log.count(remedy) == 1


def test_without_git_the_recorded_modules_are_used_wherever_they_lie(
    noted: Project, tmp_path: Path
) -> None:
    shutil.copytree(noted.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project", noted.environment)
    project.write("lib/outside.py", "def shout(text):\n    return text.lower()\n")
    (project.folder / "lib" / "late.py").unlink()

    outcome = project.command("reproduce", "first")

    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.out.count("same bytes") == 3


def test_with_git_modules_beside_src_are_those_of_the_commit(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_notes(tmp_path, empty_store)
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--message", "Start")
    assert project.run("--set", "RunConfig.run_name=first").code == 0
    project.write("lib/outside.py", "def shout(text):\n    return text.lower()\n")

    outcome = project.command("reproduce", "first")

    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.out.count("same bytes") == 3


def test_files_that_the_recorded_code_lacks_are_printed_before_the_verdict(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_notes(tmp_path, empty_store)
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", "--all")
    git(project.folder, "add", "--force", "input/notes.txt")
    git(project.folder, "commit", "--quiet", "--message", "Start")
    (project.folder / "lib" / "large.bin").write_bytes(bytes(2 * MAX_FILE_BYTES))
    project.write("input/notes.txt", "a new line\n" * (MAX_FILE_BYTES // 10))
    assert project.run("--set", "RunConfig.run_name=first").code == 0

    outcome = project.command("reproduce", "first")

    assert outcome.code == 0, outcome.err + outcome.out
    first, *verdict = outcome.out.splitlines()
    assert first == (
        "The run had files that its recorded code lacks: lib/large.bin (2.1 MB), input/notes.txt "
        "(1.2 MB). If its code reads them, commit them and run again: it may come out differently "
        "here."
    )
    assert verdict[-1] == "first: reproduced"


@pytest.mark.parametrize("name", ["folder", "uri"])
def test_a_run_with_a_pin_is_reproduced(noted: Project, name: str) -> None:
    outcome = noted.command("reproduce", name)

    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.out.splitlines()[-1] == f"{name}: reproduced"


def test_why_shows_how_a_module_beside_src_changed(noted: Project, tmp_path: Path) -> None:
    shutil.copytree(noted.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project", noted.environment)
    project.write("lib/late.py", "END = '?'\n")
    assert project.run("--set", "RunConfig.run_name=later").code == 0

    outcome = project.command("why", "first", "later")

    assert "code of lib.late changed" in outcome.out
    assert "-END = '!'" in outcome.out
    assert "+END = '?'" in outcome.out


def test_chance_without_a_seed_is_not_reproduced_unless_its_metrics_are_close_enough(
    noted: Project,
) -> None:
    settings = ("--set", "RunConfig.task=Noise", "--set", "RunConfig.run_name=noise")
    assert noted.run(*settings).code == 0

    exact = noted.command("reproduce", "noise")
    tolerant = noted.command("reproduce", "noise", "--tolerance", "0.01")

    assert exact.code == 1, exact.err
    assert [line.split() for line in exact.out.splitlines()] == [
        ["Noise", "NOT", "reproduced:", "noise.txt", "differ"],
        ["noise:", "NOT", "reproduced"],
    ]
    assert tolerant.code == 0, tolerant.err
    assert "reproduced: same metrics, though noise.txt differ" in tolerant.out


def test_another_python_is_printed_and_refused_on_demand(noted: Project, tmp_path: Path) -> None:
    shutil.copytree(noted.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project", noted.environment)
    for path in (project.folder / "mlruns").rglob("environment/platform.json"):
        facts = json.loads(path.read_text())
        path.write_text(json.dumps(facts | {"python": "2.7.18", "machine": "vax"}))

    outcome = project.command("reproduce", "first", "--strict")

    assert outcome.code == 2
    assert "recorded python 2.7.18" in outcome.err
    assert "recorded machine vax" in outcome.err
    assert "leave out --strict" in outcome.err


def test_a_study_is_reproduced_unless_it_went_on_from_trials_of_an_earlier_run(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_study(tmp_path / "project", empty_store).project
    assert project.run("--set", "RunConfig.run_name=first").code == 0
    wider = ("--set", "Tuner.search_space.ccp_alpha.high=0.02", "--set", "Tuner.n_trials=8")
    assert project.run(*wider, "--set", "RunConfig.run_name=second").code == 0

    first = project.command("reproduce", "first")
    second = project.command("reproduce", "second")

    assert first.code == 0, first.err + first.out
    assert "went on" not in first.out
    assert second.out.startswith("Tuner: its study went on from 6 earlier of 8 trials")
