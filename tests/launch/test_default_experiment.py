"""A run of the repository's experiment, made quick, holds all that there is to know of it."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
import statistics
import tomllib
from importlib import metadata
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

    from tests.conftest import Project

pytestmark = pytest.mark.slow

TASKS = ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction")
RECORDS = (
    "config/original/luigi.toml",
    "config/effective.toml",
    "code/commit.json",
    "code/sources.zip",
    "environment/requirements.txt",
    "environment/platform.json",
    "console.log",
    "tasks.json",
)


@pytest.fixture(scope="module")
def run(finished_project: Project) -> MlflowRun:
    return finished_project.top_runs()[0]


@pytest.fixture(scope="module")
def artifacts(finished_project: Project, run: MlflowRun) -> Path:
    return finished_project.artifacts(run)


@pytest.fixture(scope="module")
def trials(finished_project: Project, run: MlflowRun) -> list[MlflowRun]:
    return finished_project.children(run)


def test_an_execution_is_one_finished_run(finished_project: Project) -> None:
    assert [run.info.status for run in finished_project.top_runs()] == ["FINISHED"]


def test_every_trial_is_a_finished_child_run(trials: list[MlflowRun]) -> None:
    names = {trial.info.run_name for trial in trials}

    assert names == {f"trial {number}" for number in range(3)}
    assert {trial.info.status for trial in trials} == {"FINISHED"}


def test_the_report_leads_to_the_lineage_of_its_run(artifacts: Path) -> None:
    page = (artifacts / "Evaluator" / "report.html").read_text(encoding="utf-8")

    (link,) = re.findall('<a href="(.*?)"', page)

    assert (artifacts / "Evaluator" / link).resolve() == artifacts / "lineage.html"
    assert (artifacts / "lineage.html").is_file()


@pytest.mark.parametrize("task", TASKS)
def test_the_manifest_in_a_tasks_folder_has_the_digests_of_its_files(
    finished_project: Project, run: MlflowRun, task: str
) -> None:
    folder = finished_project.artifacts(run) / task
    present = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}

    manifest = finished_project.manifest(run, task)

    assert present - {"manifest.json"} == set(manifest["outputs"])
    for name, output in manifest["outputs"].items():
        content = (folder / name).read_bytes()
        assert output["sha256"] == hashlib.sha256(content).hexdigest()
        assert output["size_bytes"] == len(content)
    assert manifest["run_id"] == run.info.run_id
    assert manifest["commit"] == git(finished_project.folder, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", RECORDS)
def test_records_stand_beside_the_results(artifacts: Path, name: str) -> None:
    assert (artifacts / name).stat().st_size > 0


def test_nothing_of_the_work_in_progress_is_left(artifacts: Path) -> None:
    assert not (artifacts.parent / "staging").exists()


def test_a_run_records_who_started_it_from_which_code(
    finished_project: Project, run: MlflowRun
) -> None:
    tags = run.data.tags

    assert run.info.run_name
    assert tags["mlflow.note.content"].startswith("Who survived the Titanic?")
    assert tags["mlflow.user"] == getpass.getuser()
    assert tags["mlflow.source.name"] == str(finished_project.folder / "src" / "runner.py")
    assert tags["mlflow.source.git.commit"] == git(finished_project.folder, "rev-parse", "HEAD")
    assert tags["git.dirty"] == "false"


def test_a_clean_work_tree_has_no_diff(artifacts: Path) -> None:
    assert not (artifacts / "code" / "diff.patch").exists()


def test_every_parameter_of_every_task_is_a_parameter_of_the_run(run: MlflowRun) -> None:
    params = run.data.params

    assert params["Trainer.seed"] == "0"
    assert params["Trainer.estimator"] == "sklearn.ensemble.RandomForestClassifier"
    assert params["Tuner.n_folds"] == "5"
    assert params["Evaluator.n_folds"] == "5"
    assert {name.partition(".")[0] for name in params} >= set(TASKS)


def test_the_effective_configuration_has_overlays_and_inferred_values(artifacts: Path) -> None:
    tables = tomllib.loads((artifacts / "config" / "effective.toml").read_text(encoding="utf-8"))

    assert tables["Trainer"]["params"] == {"n_estimators": 10}
    assert tables["Dataset"]["target"] == "Survived"
    assert tables["Dataset"]["id"] == "PassengerId"


def test_the_configuration_is_recorded_as_it_was_written(
    finished_project: Project, artifacts: Path
) -> None:
    original = artifacts / "config" / "original"

    assert (original / "luigi.toml").read_bytes() == (
        finished_project.folder / "luigi.toml"
    ).read_bytes()
    assert (original / "set.txt").read_text() == (
        "Trainer.params.n_estimators=10\nTuner.n_trials=3\n"
    )


def test_the_input_files_are_datasets_with_their_digests(
    finished_project: Project, run: MlflowRun
) -> None:
    folder = finished_project.folder / "input" / "titanic"

    found = {one.dataset.name: one for one in run.inputs.dataset_inputs}

    assert set(found) == {"train.csv", "test.csv"}
    for name, recorded in found.items():
        sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert sha256.startswith(recorded.dataset.digest)
        assert len(recorded.dataset.digest) >= 32
        n_rows, n_columns = pd.read_csv(folder / name).shape
        assert json.loads(recorded.dataset.profile) == {
            "num_rows": n_rows,
            "num_columns": n_columns,
        }
        assert {tag.key: tag.value for tag in recorded.tags} == {
            "mlflow.data.context": name.removesuffix(".csv")
        }


def test_the_installed_packages_are_recorded(artifacts: Path) -> None:
    lines = (artifacts / "environment" / "requirements.txt").read_text().splitlines()

    assert f"scikit-learn=={metadata.version('scikit-learn')}" in lines
    assert f"mlflow=={metadata.version('mlflow')}" in lines


def test_the_console_log_has_the_start_and_the_end_of_every_task(artifacts: Path) -> None:
    log = (artifacts / "console.log").read_text(encoding="utf-8")

    for task in TASKS:
        assert f"{task} started" in log
        assert f"{task} computed in" in log


def test_every_task_has_its_status_and_duration(artifacts: Path) -> None:
    statuses = json.loads((artifacts / "tasks.json").read_text())

    assert set(statuses) == set(TASKS)
    assert {fact["status"] for fact in statuses.values()} == {"computed"}
    assert all(fact["duration_s"] > 0 for fact in statuses.values())


def test_a_trial_has_params_and_fold_scores_with_their_mean_and_deviation(
    finished_project: Project, trials: list[MlflowRun]
) -> None:
    trial = trials[0]

    history = finished_project.client.get_metric_history(trial.info.run_id, "fold_accuracy")

    scores = [metric.value for metric in sorted(history, key=lambda metric: metric.step)]
    assert set(trial.data.params) == {"max_depth", "min_samples_leaf", "max_features", "criterion"}
    assert sorted(metric.step for metric in history) == [0, 1, 2, 3, 4]
    assert trial.data.metrics["accuracy"] == pytest.approx(statistics.fmean(scores))
    assert trial.data.metrics["accuracy_std"] == pytest.approx(statistics.pstdev(scores))


def test_the_scores_of_the_evaluation_are_metrics_of_the_run(
    artifacts: Path, run: MlflowRun, trials: list[MlflowRun]
) -> None:
    folds = json.loads((artifacts / "Evaluator" / "scores.json").read_text())

    metrics = run.data.metrics

    for name, scores in folds.items():
        assert metrics[name] == pytest.approx(statistics.fmean(scores))
    best = max(trial.data.metrics["accuracy"] for trial in trials)
    assert metrics["best_accuracy"] == pytest.approx(best)
