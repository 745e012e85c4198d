"""The secrets of .env are written nowhere, whatever a task does with them; other values are."""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, git, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Outcome

pytestmark = pytest.mark.slow

SECRET = "correct-horse-battery-staple"
PASSWORD = "s3same-open"
DIGITS = 5432
DOTENV = f"""\
API_TOKEN={SECRET}
DATABASE=postgresql://me:{PASSWORD}@db.example.org/rows
PG_PASSWORD={DIGITS}
SESSION_KEY=committed
STAGE=test
EXTRA=true
"""
UNUSED = f'[Unused]\nnote = "{SECRET}"\n'
LEAKING = f"""\
import logging
import os
import subprocess

import luigi
from runforest.run_task import RunTask

FALLBACK = "{SECRET}"
STAGES = ["test", True, "true"]


class Leaking(RunTask):
    note = luigi.Parameter(default="")

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        token = os.environ["API_TOKEN"]
        print("printed", token)
        logging.getLogger("leak").warning("logged %s", token)
        subprocess.run(["echo", "echoed", token], check=True)
        self.log_param("token", token)
        self.log_param("database", os.environ["DATABASE"])
        self.log_metric("share", {DIGITS / 1e5!r})
        self.output().save("done")


class Unused(RunTask):
    note = luigi.Parameter(default="")


class Failing(RunTask):
    def output(self):
        return self.artifact("never.txt")

    def compute(self):
        try:
            raise OSError(f"no database at {{os.environ['DATABASE']}}")
        except OSError as error:
            raise ValueError(f"no access with {{os.environ['API_TOKEN']}}") from error
"""


@pytest.fixture(scope="module")
def leaking(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> tuple[Project, Outcome, Outcome]:
    """Return a project whose tasks give a secret away, and what two executions printed."""
    project = make_project(tmp_path_factory.mktemp("leaking") / "project", empty_store)
    project.write(".gitignore", "mlruns/\n.env\n__pycache__/\n")
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--message", "Start")
    project.write(".env", DOTENV)
    project.write("src/tasks/leaking.py", LEAKING)
    project.write("luigi.toml", f'# {SECRET}\n[RunConfig]\ndescription = "by {SECRET}"\n{UNUSED}')
    sound = project.run("--set", "RunConfig.task=Leaking")
    failed = project.run("--set", "RunConfig.task=Failing", "--set", "RunConfig.workers=2")
    return project, sound, failed


def test_the_tasks_did_use_the_secret(leaking: tuple[Project, Outcome, Outcome]) -> None:
    project, sound, failed = leaking
    newest, earlier = project.top_runs()

    log = (project.artifacts(earlier) / "console.log").read_text()

    assert (sound.code, failed.code) == (0, 1), sound.err + failed.err
    assert "printed ***" in log
    assert "logged ***" in log
    assert "echoed ***" in log
    assert earlier.data.params["Leaking.token"] == "***"
    assert earlier.data.params["Leaking.database"] == "postgresql://me:***@db.example.org/rows"
    error = (project.artifacts(newest) / "errors" / "Failing.txt").read_text()
    assert error.rstrip().endswith("no access with ***")


def test_values_that_occur_in_numbers_and_marks_of_programs_spoil_no_record(
    leaking: tuple[Project, Outcome, Outcome],
) -> None:
    project = leaking[0]
    run = project.top_runs()[1]

    lineage = json.loads((project.artifacts(run) / "lineage.json").read_text())
    tasks = json.loads((project.artifacts(run) / "tasks.json").read_text())

    (result,) = lineage["results"]
    manifest = project.manifest(run, "Leaking")
    assert result["metrics"] == manifest["metrics"] == {"share": DIGITS / 1e5}
    assert result["fingerprint"] == manifest["fingerprint"]
    assert tasks["Leaking"]["status"] == "computed"


def test_values_of_variables_without_a_secret_name_are_recorded_as_they_are(
    leaking: tuple[Project, Outcome, Outcome],
) -> None:
    project = leaking[0]
    run = project.top_runs()[1]
    artifacts = project.artifacts(run)

    tables = tomllib.loads((artifacts / "config" / "effective.toml").read_text())
    commit = json.loads((artifacts / "code" / "commit.json").read_text())
    diff = (artifacts / "code" / "diff.patch").read_text()
    why = project.command("why", run.info.run_id, run.info.run_id)
    collected = project.command("gc", "--keep", "2")

    assert tables["RunConfig"]["reuse"] is True
    assert tables["RunConfig"]["description"] == "by ***"
    assert '+STAGES = ["test", True, "true"]\n' in diff
    assert commit["dirty"] is True
    assert commit["commit"] == git(project.folder, "rev-parse", "HEAD")
    assert (why.code, collected.code) == (0, 0), why.err + collected.err


def test_no_artifact_of_a_run_that_is_pinned_to_a_secret_folder_holds_it(
    leaking: tuple[Project, Outcome, Outcome], tmp_path: Path
) -> None:
    shutil.copytree(leaking[0].folder, tmp_path / "project")
    project = Project(tmp_path / "project")
    folder = next((project.folder / "mlruns").glob("*/*/artifacts/Leaking"))
    shutil.copytree(folder, project.folder / SECRET / "Leaking")

    outcome = project.run(
        "--set", "RunConfig.task=Leaking", "--set", f"PathConfig.Leaking={SECRET}/Leaking"
    )

    assert outcome.code == 0, outcome.err
    artifacts = project.artifacts(project.top_runs()[0])
    (result,) = json.loads((artifacts / "lineage.json").read_text())["results"]
    assert result["pinned"] == f"{project.folder}/***/Leaking"
    files = [path for path in artifacts.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in outcome.out + outcome.err


def test_no_file_below_the_output_folder_holds_the_secret(
    leaking: tuple[Project, Outcome, Outcome],
) -> None:
    files = [path for path in (leaking[0].folder / "mlruns").rglob("*") if path.is_file()]

    holding = [
        path
        for path in files
        for secret in (SECRET, PASSWORD)
        if secret.encode() in path.read_bytes()
    ]

    assert {path.name for path in files} >= {"journal.jsonl", "diff.patch", "effective.toml"}
    assert holding == []


def test_no_recorded_source_holds_the_secret(leaking: tuple[Project, Outcome, Outcome]) -> None:
    archives = list((leaking[0].folder / "mlruns").rglob("sources.zip"))

    for path in archives:
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}

        assert b'FALLBACK = "***"' in contents["src/tasks/leaking.py"]
        assert [name for name, content in contents.items() if SECRET.encode() in content] == []
    assert len(archives) == 2


def test_the_terminal_shows_what_tasks_print_and_the_engine_prints_no_secret(
    leaking: tuple[Project, Outcome, Outcome],
) -> None:
    _, sound, failed = leaking

    assert f"printed {SECRET}" in sound.out
    assert "ValueError: no access with ***" in failed.out


@pytest.mark.parametrize("note", [SECRET, f"the token is {SECRET}.", PASSWORD])
def test_a_secret_as_a_parameter_is_refused_before_there_is_a_run(
    leaking: tuple[Project, Outcome, Outcome], note: str
) -> None:
    project = leaking[0]
    before = len(project.runs())

    outcome = project.run("--set", "RunConfig.task=Leaking", "--set", f"Leaking.note={note}")

    name = "DATABASE" if note == PASSWORD else "API_TOKEN"
    assert outcome.code == 2
    assert f'read os.environ["{name}"] in compute().' in outcome.err
    assert note not in outcome.err
    assert len(project.runs()) == before
