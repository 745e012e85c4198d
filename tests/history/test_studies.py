"""The study of a run's tuner is read back as Optuna's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import runforest
from runforest.foundation.errors import ArtifactError, StoreError
from tests.conftest import Project, free_port, wait_until

pytestmark = pytest.mark.slow

SCRIPT = """\
import json, sys
import runforest
study = runforest.load_study(sys.argv[1])
table = study.trials_dataframe()
print(json.dumps({"best": study.best_value, "numbers": table["number"].tolist()}))
"""


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, finished_project: Project) -> Project:
    """Return a project of two runs, the first with a study, the second without."""
    folder = tmp_path_factory.mktemp("tuned") / "project"
    shutil.copytree(finished_project.folder, folder, symlinks=True)
    project = Project(folder)
    outcome = project.run(
        "--set", "RunConfig.task=Preprocessor", "--set", "RunConfig.run_name=bare"
    )
    assert outcome.code == 0, outcome.err
    return project


def test_a_study_is_loaded_by_the_name_of_its_run(tuned: Project) -> None:
    run = tuned.top_runs()[1]

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, run.info.run_name],
        cwd=tuned.folder,
        env=tuned.full_environment() | {"PYTHONPATH": str(tuned.folder / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    assert found["best"] == pytest.approx(run.data.metrics["best_accuracy"])
    assert found["numbers"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("reference", "remedy"), [("bare", "no single study; it has none"), ("nobody", "Give a run id")]
)
def test_no_study_is_loaded_where_there_is_none(
    tuned: Project, reference: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tuned.folder}/mlruns/mlflow.db")

    with pytest.raises((StoreError, ArtifactError), match=remedy):
        runforest.load_study(reference, project=tuned.folder)


def test_optuna_dashboard_opens_the_study_of_a_run(tuned: Project) -> None:
    run = tuned.top_runs()[1]
    study, port = tuned.artifacts(run) / "Tuner" / "study.journal", free_port()
    url = f"http://127.0.0.1:{port}/api/studies"
    command = [Path(sys.executable).with_name("optuna-dashboard"), study, "--port", str(port)]
    before = study.read_bytes()

    with subprocess.Popen(
        [*command, "--server", "wsgiref"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: can_get(url))
            (summary,) = get(url)["study_summaries"]
            shown = get(f"{url}/{summary['study_id']}?after=0")
        finally:
            process.terminate()

    values = [trial["values"] for trial in shown["trials"]]
    assert [trial["state"] for trial in shown["trials"]] == 3 * ["Complete"]
    assert max(float(value) for (value,) in values) == run.data.metrics["best_accuracy"]
    assert study.read_bytes() == before


def get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.load(answer))


def can_get(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False


def test_gc_deletes_studies_of_no_run_that_stays(tuned: Project) -> None:
    folder = tuned.folder / "mlruns" / ".runforest" / "studies"
    old = folder / "old.journal"
    old.touch()
    day_before_s = time.time() - 86_400
    os.utime(old, (day_before_s, day_before_s))
    kept = {path.name for path in folder.iterdir()} - {old.name}

    outcome = tuned.command("gc", "--older-than", "1d", "--delete")

    assert outcome.code == 0, outcome.err
    assert {path.name for path in folder.iterdir() if path.suffix != ".lock"} == {
        name for name in kept if not name.endswith(".lock")
    }


def test_gc_spares_a_study_that_a_run_holds_and_every_lock(tuned: Project, tmp_path: Path) -> None:
    shutil.copytree(tuned.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    folder = project.folder / "mlruns" / ".runforest" / "studies"
    day_before_s = time.time() - 86_400
    held = {"held.journal", "held.started", "held.lock"}
    free = {"free.journal", "free.started", "free.lock"}
    for name in held | free:
        (folder / name).touch()
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    for path in folder.iterdir():
        os.utime(path, (day_before_s, day_before_s), follow_symlinks=False)

    with FileLock(folder / "held.lock"):
        outcome = project.command("gc", "--older-than", "1d", "--delete")

    assert outcome.code == 0, outcome.err
    left = {path.name for path in folder.iterdir()}
    assert held | {"free.lock"} <= left
    assert not left & {"free.journal", "free.started", "gone"}
