"""Runs on a tracking server: results are uploaded, found again, and survive an outage."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from mlflow.entities import ViewType

import runforest
from runforest.launch.execution.signals import GRACE_S
from runforest.results.manifest import read_manifest
from tests.conftest import (
    ARTICLE,
    QUICK,
    Project,
    free_port,
    make_project,
    wait_until,
)
from tests.tracking.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow.entities import Run as MlflowRun

pytestmark = pytest.mark.slow

TASKS = ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction")
WAITING = """\
import pathlib
import time

from runforest.run_task import RunTask, requires

HERE = pathlib.Path(__file__).parent


class Early(RunTask):
    def output(self):
        return self.artifact("early.txt")

    def compute(self):
        self.output().save("early")


@requires(Early)
class Late(RunTask):
    def output(self):
        return self.artifact("late.txt")

    def compute(self):
        (HERE / "waiting").touch()
        while not (HERE / "go").exists():
            time.sleep(0.05)
        self.log_metric("late", 1.0)
        self.output().save("late")


@requires(Late)
class Last(RunTask):
    def output(self):
        return self.artifact("last.txt")

    def compute(self):
        self.output().save("last")
"""


CHATTY = """\
import pathlib

from runforest.run.events import TrialFinished
from runforest.run_task import RunTask

N_TRIALS = 300


class Chatty(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        for number in range(N_TRIALS):
            self.active_run.journal.append(TrialFinished(
                task=self.folder_name, uid=f"{number:012x}", number=number, params={"a": number},
                state="complete", value=0.5, std=0.1, fold_scores=[0.4, 0.6],
                started_ms=1_700_000_000_000 + number, duration_s=0.1,
            ))
        self.output().save("done")
        pathlib.Path("computed").touch()
"""


BLOCKING = """\
import pathlib

from runforest.run_task import RunTask


class Blocking(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        run_id = self.active_run.settings.run_id
        (folder,) = pathlib.Path("{base}").glob(f"server[0-9]/remote/*/{{run_id}}/artifacts")
        (folder / "console.log").mkdir()
        self.output().save("done")
"""


def on_server(folder: Path, url: str) -> Project:
    project = make_project(folder)
    project.environment["MLFLOW_TRACKING_URI"] = url
    return project


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, server: str) -> Project:
    """Return a project whose quick experiment ran on the server."""
    project = on_server(tmp_path_factory.mktemp("remote") / "project", server)
    outcome = project.run(*QUICK, "--set", "RunConfig.experiment_name=remote")
    assert outcome.code == 0, outcome.err
    return project


def newest(project: Project, experiment: str) -> MlflowRun:
    found = project.client.get_experiment_by_name(experiment)
    runs = project.client.search_runs([found.experiment_id])
    return next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)


def listed(project: Project, run: MlflowRun, folder: str | None = None) -> set[str]:
    """Return the paths of the artifacts of a run on the server."""
    found = set()
    for entry in project.client.list_artifacts(run.info.run_id, folder):
        found |= listed(project, run, entry.path) if entry.is_dir else {entry.path}
    return found


def test_every_artifact_is_on_the_server(remote: Project) -> None:
    run = newest(remote, "remote")

    names = listed(remote, run)

    local = remote.folder / "mlruns" / ".runforest" / "remote" / run.info.run_id / "artifacts"
    written = {path.relative_to(local).as_posix() for path in local.rglob("*") if path.is_file()}
    assert run.info.status == "FINISHED"
    assert {f"{task}/manifest.json" for task in TASKS} <= names
    assert {"console.log", "tasks.json", "config/effective.toml", "code/sources.zip"} <= names
    assert names == written


def test_trials_are_child_runs_on_the_server(remote: Project) -> None:
    run = newest(remote, "remote")

    children = remote.client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    )

    assert {child.info.run_name for child in children} == {"trial 0", "trial 1", "trial 2"}
    assert {child.info.status for child in children} == {"FINISHED"}


@pytest.mark.usefixtures("clear_environment")
def test_another_machine_reads_the_study_of_a_run(
    remote: Project, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = newest(remote, "remote")
    other = on_server(tmp_path / "project", server)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)

    study = runforest.load_study(run.info.run_id, project=other.folder)

    assert study.best_value == run.data.metrics["best_accuracy"]
    assert [trial.number for trial in study.trials] == [0, 1, 2]


@pytest.mark.parametrize("form", ["runs", "mlflow-artifacts"])
def test_pinned_results_are_downloaded_from_the_server(
    remote: Project, server: str, tmp_path: Path, form: str
) -> None:
    run = newest(remote, "remote")
    base = {"runs": f"runs:/{run.info.run_id}", "mlflow-artifacts": run.info.artifact_uri}[form]
    other = on_server(tmp_path / "project", server)
    pins = f'[PathConfig]\nPreprocessor = "{base}/Preprocessor"\nTrainer = "{base}/Trainer/"\n'
    other.configure(ARTICLE.replace("[PathConfig]\n", pins))

    outcome = other.run(
        "--set", f"RunConfig.experiment_name={form}", "--set", "RunConfig.reuse=false"
    )

    assert outcome.code == 0, outcome.err
    folder = tmp_path / "statuses"
    folder.mkdir()
    local = other.client.download_artifacts(newest(other, form).info.run_id, "tasks.json", folder)
    statuses = json.loads(Path(local).read_text(encoding="utf-8"))
    assert {name: fact["status"] for name, fact in statuses.items()} == {"Prediction": "computed"}


def test_an_unreachable_server_is_an_error_within_seconds(tmp_path: Path) -> None:
    project = on_server(tmp_path / "project", f"http://127.0.0.1:{free_port()}")

    outcome = project.run(timeout_s=60)

    assert outcome.code == 2
    assert "no tracking server answers" in outcome.err
    assert "Start it, correct the address" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_server_that_goes_away_costs_no_result(tmp_path: Path, empty_store: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "server.db").write_bytes(empty_store.read_bytes())
    with serving(folder) as (url, server):
        project = on_server(tmp_path / "project", url)
        project.environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
        project.write("src/tasks/waiting.py", WAITING)
        source = project.folder / "src" / "tasks"
        process = project.start("--set", "RunConfig.task=Last")
        wait_until((source / "waiting").exists)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)
        (source / "go").touch()

        out, err = process.communicate(timeout=120)

    (run_folder,) = (project.folder / "mlruns" / ".runforest" / "remote").iterdir()
    assert process.returncode == 1
    assert "Traceback" not in out + err, out + err
    assert [line.split()[:2] for line in out.splitlines() if "computed" in line] == [
        [task, "computed"] for task in ("Early", "Late", "Last")
    ]
    assert "late 1" in out
    assert "no tracking server answers" in err
    assert "results are committed" in err
    assert "run again" in err
    artifacts = run_folder / "artifacts"
    for task in ("Early", "Late", "Last"):
        assert read_manifest(artifacts / task) is not None
    statuses = json.loads((artifacts / "tasks.json").read_text(encoding="utf-8"))
    assert {name: fact["status"] for name, fact in statuses.items()} == {
        "Early": "computed",
        "Late": "computed",
        "Last": "computed",
    }
    assert not (artifacts / "errors").exists()
    assert not (run_folder / "staging").exists()

    with serving(folder, port=int(url.rpartition(":")[2])):
        again = project.run("--set", "RunConfig.task=Last")
        runs = project.top_runs()
        files = [listed(project, run) for run in runs]
        colleague = on_server(tmp_path / "colleague", url)
        colleague.write("src/tasks/waiting.py", WAITING)
        plan = colleague.run("--set", "RunConfig.task=Last", "--plan", "--exit-code")

    assert again.code == 0, again.err
    assert [run.info.status for run in runs] == ["FINISHED", "KILLED"]
    results = {f"{task}/{task.lower()}.txt" for task in ("Early", "Late", "Last")}
    assert results | {"tasks.json", "lineage.json", "console.log"} <= files[1]
    assert runs[1].data.metrics == {"late": 1.0}
    assert plan.code == 0, plan.out + plan.err


@contextmanager
def paused(url: str, is_due: Callable[[], bool]) -> Iterator[None]:
    """Let a server answer nothing while the block runs, from the moment that is due."""
    port = int(url.rpartition(":")[2])
    (pid,) = {
        one.pid
        for one in psutil.net_connections("tcp4")
        if one.laddr.port == port and one.status == psutil.CONN_LISTEN
    }
    wait_until(is_due, poll_s=0.01)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_record_that_a_person_does_not_wait_for_is_completed_by_the_next_start(
    tmp_path: Path, server: str
) -> None:
    project = on_server(tmp_path / "project", server)
    project.write("src/tasks/chatty.py", CHATTY)
    project.write("src/tasks/waiting.py", WAITING)
    process = project.start("--set", "RunConfig.task=Chatty")
    with paused(server, (project.folder / "computed").exists):
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(GRACE_S + 1)
    out, err = process.communicate(timeout=15)

    run = project.top_runs()[0]
    assert process.returncode == 130, err
    assert run.info.status == "RUNNING"
    assert "The next start records what is missing" in err
    assert "Traceback" not in out + err
    assert len(project.children(run)) < 300

    assert project.run("--set", "RunConfig.task=Early").code == 0

    assert project.client.get_run(run.info.run_id).info.status == "KILLED"
    names = [child.info.run_name for child in project.children(run)]
    assert sorted(names) == sorted(f"trial {number}" for number in range(300))


def test_a_run_whose_last_records_are_refused_is_closed(
    tmp_path: Path, server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = on_server(tmp_path / "project", server)
    project.environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    base = tmp_path_factory.getbasetemp()
    project.write("src/tasks/blocking.py", BLOCKING.format(base=str(base)))

    outcome = project.run(
        "--set", "RunConfig.task=Blocking", "--set", "RunConfig.experiment_name=blocked"
    )

    run = newest(project, "blocked")
    assert (outcome.code, run.info.status) == (1, "FAILED"), outcome.err
    assert outcome.out.split().count("computed") == 1
    assert "the run could not be recorded completely" in outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    assert run.data.tags["tasks"].startswith("Blocking computed")


def test_the_error_of_a_run_whose_files_the_server_refuses_has_a_remedy(
    tmp_path: Path, server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = on_server(tmp_path / "project", server)
    project.environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    experiment = project.client.create_experiment("full")
    (served,) = tmp_path_factory.getbasetemp().glob("server[0-9]")
    (served / "remote").mkdir(exist_ok=True)
    (served / "remote" / experiment).write_text("a file")

    outcome = project.run("--set", "RunConfig.experiment_name=full")

    (run,) = project.client.search_runs([experiment], run_view_type=ViewType.ALL)
    assert outcome.code == 2
    assert "files cannot be uploaded to mlflow-artifacts:/" in outcome.err
    assert "Fix the artifact store and run again" in outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    assert (run.info.lifecycle_stage, run.info.status) == ("deleted", "FAILED")


def test_another_machine_reuses_what_this_one_computed(
    remote: Project, tmp_path: Path, server: str
) -> None:
    other = on_server(tmp_path / "project", server)

    plan = other.run(*QUICK, "--set", "RunConfig.experiment_name=shared", "--plan", "--exit-code")
    outcome = other.run(*QUICK, "--set", "RunConfig.experiment_name=shared")

    assert plan.code == 0, plan.out + plan.err
    assert outcome.code == 0, outcome.err
    assert plan.err == ""
    assert "Downloading" not in outcome.err
    run = newest(other, "shared")
    statuses = json.loads(
        Path(
            other.client.download_artifacts(run.info.run_id, "tasks.json", str(tmp_path))
        ).read_text()
    )
    assert {fact["status"] for fact in statuses.values()} == {"reused"}
    assert run.info.run_id not in {fact["reused_from"] for fact in statuses.values()}
    assert run.data.metrics == newest(remote, "remote").data.metrics
    assert {name for name in listed(other, run) if name.startswith("Trainer/")} == {
        "Trainer/manifest.json"
    }


STEPPING = """\
from runforest.run_task import RunTask


class Stepping(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        for step in range(1200):
            self.log_metric("loss", 1 / (step + 1), step=step)
        self.output().save("done")
"""


def test_each_step_of_a_metric_reaches_the_machine_that_reuses_what_another_reused(
    tmp_path: Path, server: str
) -> None:
    for name in ("computing", "reusing", "reusing-again"):
        project = on_server(tmp_path / name, server)
        project.write("src/tasks/stepping.py", STEPPING)
        project.configure(f'[RunConfig]\nexperiment_name = "{name}"\ntask = "Stepping"\n')
        outcome = project.run()
        assert outcome.code == 0, outcome.err

    run = newest(project, "reusing-again")
    points = project.client.get_metric_history(run.info.run_id, "loss")

    assert listed(project, run, "Stepping") == {"Stepping/manifest.json"}
    assert {point.step: point.value for point in points} == {
        step: 1 / (step + 1) for step in range(1200)
    }


def test_a_run_whose_files_another_run_points_to_is_spared(remote: Project) -> None:
    computed = newest(remote, "remote")
    options = ("--set", "RunConfig.experiment_name=pointing")
    assert remote.run(*QUICK, *options).code == 0

    said = remote.command("gc", "--keep", "1")

    assert said.code == 0, said.err
    assert computed.info.run_id not in said.out
    assert newest(remote, "pointing").info.run_id not in said.out
