"""Clearing away: which runs go, with what, and which stay since another needs them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, make_project

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

SMALL = """\
import luigi

from runforest.run_task import RunTask, requires


class Sound(RunTask):
    seed = luigi.IntParameter(default=0)

    def output(self):
        return self.artifact("sound.txt")

    def compute(self):
        self.output().save(str(self.seed))


@requires(Sound)
class Broken(RunTask):
    def output(self):
        return self.artifact("never.txt")

    def compute(self):
        raise ValueError("broken")
"""
CONFIG = '[RunConfig]\nexperiment_name = "cache"\ntask = "Sound"\n'
TUNER = ("--set", "RunConfig.task=Tuner", "--set", "Tuner.n_folds=2")
TWO_DAYS_S = 2 * 86_400


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project with two sound runs and a broken one between them."""
    project = make_project(tmp_path_factory.mktemp("three") / "project", empty_store)
    project.write("src/tasks/small.py", SMALL)
    project.configure(CONFIG)
    assert project.run("--set", "RunConfig.run_name=first").code == 0
    broken = ("--set", "RunConfig.run_name=broken", "--set", "RunConfig.task=Broken")
    assert project.run(*broken, "--set", "Sound.seed=1").code == 1
    named = ("--set", "RunConfig.run_name=last")
    assert project.run(*named, "--set", "Sound.seed=2").code == 0
    return project


@pytest.fixture
def three(three_runs: Project, tmp_path: Path) -> Project:
    """Return a copy that a test may change."""
    shutil.copytree(three_runs.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def ids(project: Project) -> dict[str, str]:
    """Return the ids of the runs that are no child runs, by name."""
    return {run.info.run_name: run.info.run_id for run in project.top_runs()}


def folder_of(project: Project, run_id: str) -> Path:
    return project.folder / "mlruns" / "cache" / run_id / "artifacts" / "Sound"


def from_home(project: Project, run_id: str) -> str:
    return f"~/{os.path.relpath(folder_of(project, run_id), Path.home())}"


PINS = {
    "folder": lambda _, run_id: f"./mlruns/cache/{run_id}/artifacts/Sound/",
    "home": from_home,
    "run": lambda _, run_id: f"runs:/{run_id}/Sound",
    "store": lambda _, run_id: f"mlflow-artifacts:/1/{run_id}/artifacts/Sound",
}


@pytest.mark.parametrize("pin", PINS.values(), ids=PINS.keys())
def test_a_run_that_luigi_toml_pins_is_spared(
    three: Project, pin: Callable[[Project, str], str]
) -> None:
    known = ids(three)
    three.configure(f'{CONFIG}[PathConfig]\nSound = "{pin(three, known["first"])}"\n')

    outcome = three.command("gc", "--keep", "0")

    assert outcome.code == 0, outcome.err
    assert known["first"] not in outcome.out
    assert outcome.out.count("would delete") == 2


def test_a_run_that_only_a_deleted_one_is_pinned_to_goes(three: Project) -> None:
    pin = f"PathConfig.Sound=runs:/{ids(three)['first']}/Sound"
    assert three.run("--set", pin, "--set", "RunConfig.run_name=pinned").code == 0

    kept = three.command("gc", "--keep", "1")
    all_of_them = three.command("gc", "--keep", "0")

    assert ids(three)["first"] not in kept.out
    assert kept.out.count("would delete") == 2
    assert all_of_them.out.count("would delete") == 4


def test_with_failed_only_failed_runs_go(three: Project) -> None:
    broken = ids(three)["broken"]

    outcome = three.command("gc", "--failed", "--delete")

    assert outcome.code == 0, outcome.err
    assert set(ids(three)) == {"first", "last"}
    assert not (three.folder / "mlruns" / "cache" / broken).exists()


def test_a_store_that_refuses_to_delete_leaves_no_files_that_nobody_finds(three: Project) -> None:
    broken = ids(three)["broken"]
    with sqlite3.connect(three.folder / "mlruns" / "mlflow.db") as database:
        database.execute(
            "CREATE TRIGGER kept BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )
    database.close()

    outcome = three.command("gc", "--failed", "--delete")

    assert outcome.code == 2, outcome.err
    assert "Run `mlflow gc` yourself." in outcome.err
    assert not (three.folder / "mlruns" / "cache" / broken).exists()
    assert not (three.folder / "mlruns" / ".runforest" / "index").exists()


def test_of_the_caches_stays_what_a_kept_or_a_starting_run_needs(three: Project) -> None:
    known = ids(three)
    pin = f"PathConfig.Sound=runs:/{known['first']}/Sound"
    assert three.run("--set", pin).code == 0
    first = next(run for run in three.top_runs() if run.info.run_id == known["first"])
    fingerprint = str(three.manifest(first, "Sound")["fingerprint"])
    cache = three.folder / "mlruns" / ".runforest" / "cache"
    for name in ("results/" + fingerprint, "results/gone", "pinned/gone", "results/new"):
        (cache / name).mkdir(parents=True)
    long_ago_s = time.time() - TWO_DAYS_S
    for folder in [*cache.glob("results/*"), *cache.glob("pinned/*")]:
        if folder.name != "new":
            os.utime(folder, (long_ago_s, long_ago_s))
    locks = set(cache.glob("locks/*"))

    outcome = three.command("gc", "--keep", "1", "--delete")

    assert outcome.code == 0, outcome.err
    assert {path.name for path in cache.glob("results/*")} == {fingerprint, "new"}
    assert {path.name for path in cache.glob("pinned/*/")} == {f"runs-{known['first']}-Sound"}
    assert set(cache.glob("locks/*")) == locks != set()
    assert not (cache / "code.jsonl").exists()
    assert not list((three.folder / "mlruns" / ".runforest").glob("index*.old"))
    assert three.run("--plan", "--exit-code").code == 0


def test_a_number_of_runs_to_spare_below_zero_is_refused(three: Project) -> None:
    outcome = three.command("gc", "--keep", "-1", "--delete")

    assert outcome.code == 2
    assert outcome.err == (
        "--keep\n  expected a number that is not negative, got -1. For example: --keep 5\n"
    )
    assert len(ids(three)) == 3


def test_what_a_killed_download_left_goes_and_one_under_way_stays(three: Project) -> None:
    cache = three.folder / "mlruns" / ".runforest" / "cache"
    dead, living = cache / "results" / "dead.draft", cache / "results" / "feed.draft"
    pinned = cache / "pinned" / "a.draft"
    for draft in (dead, living, pinned):
        (draft / "Sound").mkdir(parents=True)
    long_ago_s = time.time() - TWO_DAYS_S
    for draft in (dead, pinned):
        os.utime(draft, (long_ago_s, long_ago_s))

    outcome = three.command("gc", "--keep", "3", "--delete")

    assert outcome.code == 0, outcome.err
    assert living.exists()
    assert not dead.exists()
    assert not pinned.exists()


def test_trials_go_with_their_run_unless_a_kept_run_leads_to_them(project: Project) -> None:
    for name, n_trials in (("origin", 2), ("reusing", 2), ("other", 1)):
        seed = 1 if name == "other" else 0
        options = ("--set", f"RunConfig.run_name={name}", "--set", f"Tuner.n_trials={n_trials}")
        options += ("--set", f"Tuner.seed={seed}")
        outcome = project.run(*TUNER, *options, "--set", "Trainer.params.n_estimators=10")
        assert outcome.code == 0, outcome.err
    origin, other = (
        next(run for run in project.top_runs() if run.info.run_name == name)
        for name in ("origin", "other")
    )

    spared = project.command("gc", "--keep", "2", "--delete")
    after_sparing = set(ids(project)), len(project.children(origin))
    done = project.command("gc", "--keep", "1", "--delete")

    assert spared.code == done.code == 0, spared.err + done.err
    assert after_sparing == ({"origin", "reusing", "other"}, 2)
    assert set(ids(project)) == {"other"}
    assert len(project.runs()) == 1 + len(project.children(other))
