"""A saved model predicts from raw rows, in a process that knows nothing of the run."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.results.artifacts import collect_outputs
from runforest.results.manifest import Manifest
from runforest.table.roles import feature_roles
from runforest.tracking.models.executable import check_executable
from runforest.tracking.models.mlflow_model import load_model, save_model
from tests.conftest import make_project, room_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

PREDICT = """\
import sys
import mlflow
import pandas as pd

store, model, table, answers, *copy = sys.argv[1:]
mlflow.set_tracking_uri(store)
rows = pd.read_csv(table)
predicted = mlflow.pyfunc.load_model(model, dst_path=(copy or [None])[0]).predict(rows)
pd.DataFrame({"predicted": predicted}).to_csv(answers, index=False)
"""

OWN_ESTIMATOR = '''\
"""An estimator of the project: the most frequent class of the nearest value."""

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier


class Nearest(ClassifierMixin, BaseEstimator):
    def __init__(self, reach=3):
        self.reach = reach

    def fit(self, features, target):
        self.model_ = KNeighborsClassifier(n_neighbors=self.reach).fit(features, target)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, features):
        return self.model_.predict(features)
'''

CLASSES = """\
[RunConfig]
task = "Prediction"
[Trainer]
estimator = "tasks.nearest.Nearest"
tune = true
[Tuner]
n_trials = 2
n_folds = 2
[Tuner.search_space]
reach = [3, 5]
"""


def predict_afresh(project: Project, answers: Path, *copy: Path) -> list[object]:
    """Return what the newest run's model says of the test file, in a process of its own."""
    run = project.top_runs()[0]
    (test_file,) = project.folder.glob("input/**/test.csv")
    store = project.client.tracking_uri
    model = f"runs:/{run.info.run_id}/Trainer/model"
    script = answers.with_name("predict.py")
    script.write_text(PREDICT, encoding="utf-8")
    outcome = project.run_script(script, store, model, *map(str, (test_file, answers, *copy)))
    assert outcome.code == 0, outcome.err
    return pd.read_csv(answers)["predicted"].tolist()


def written(project: Project, target: str) -> list[object]:
    """Return the predictions that the newest run wrote."""
    folder = project.artifacts(project.top_runs()[0]) / "Prediction"
    return pd.read_csv(folder / "test_prediction.csv")[target].tolist()


def write_tables(project: Project, target: list[str]) -> None:
    """Write a training table with this target, and a test table of its first ten rows."""
    rows = range(len(target))
    table = pd.DataFrame({"id": rows, "size": [row % 8 for row in rows], "y": target})
    table["shop"] = [["north", "south", None][row % 3] for row in rows]
    project.write("input/train.csv", table.to_csv(index=False))
    project.write("input/test.csv", table.drop(columns="y").head(10).to_csv(index=False))


@pytest.fixture
def bare(tmp_path: Path, empty_store: Path, request: pytest.FixtureRequest) -> Project:
    """Return a project without data; its folder may have a name of its own."""
    name = getattr(request, "param", "project")
    project = make_project(tmp_path / "projects" / name, empty_store)
    for path in (project.folder / "input" / "titanic").iterdir():
        path.unlink()
    return project


def test_the_model_of_the_default_experiment_predicts_raw_rows(
    finished_project: Project, tmp_path: Path
) -> None:
    predicted = predict_afresh(finished_project, tmp_path / "answers.csv")

    assert predicted == written(finished_project, "Survived")


def test_text_classes_and_an_estimator_of_the_project_survive_saving(
    bare: Project, tmp_path: Path
) -> None:
    write_tables(bare, [["low", "high"][row % 8 > 3] for row in range(48)])
    bare.write("src/tasks/nearest.py", OWN_ESTIMATOR)
    bare.configure(CLASSES)

    outcome = bare.run()

    assert outcome.code == 0, outcome.err
    assert len(bare.children(bare.top_runs()[0])) == 2
    predicted = predict_afresh(bare, tmp_path / "answers.csv")
    assert predicted == written(bare, "y")
    assert predicted == [["low", "high"][row % 8 > 3] for row in range(10)]


def test_numbers_are_predicted_as_numbers(bare: Project, tmp_path: Path) -> None:
    write_tables(bare, [f"{row % 8 * 2.5 + row % 3 * 0.125:.3f}" for row in range(48)])
    bare.configure('[RunConfig]\ntask = "Prediction"\n')

    outcome = bare.run()

    assert outcome.code == 0, outcome.err
    predicted = predict_afresh(bare, tmp_path / "answers.csv")
    assert predicted == pytest.approx(written(bare, "y"), rel=1e-12)
    assert len(set(predicted)) > 2


def test_a_full_disk_is_not_taken_for_a_shortcoming_of_the_format(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": range(5000), "y": [row % 2 for row in range(5000)]})
    estimator = KNeighborsClassifier().fit(rows[["x"]], rows["y"])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow when it is imported
        with room_for(20_000), pytest.raises(OSError, match="File too large"):
            save_model(estimator, tmp_path / "model", rows[["x"]], [])


def test_a_column_that_no_schema_can_have_leaves_the_signature_of_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0], "took": pd.to_timedelta([1, 2, 3], unit="h")})
    spec = EstimatorSpec(path="", params={}, seed=0, kind="regression")
    model = build_pipeline(spec, feature_roles(rows, {})).fit(rows, [1.0, 2.0, 3.0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow when it is imported
        save_model(model, tmp_path / "model", rows, [])

    (inputs,) = re.findall(r"inputs: '(.*)'", (tmp_path / "model" / "MLmodel").read_text())
    assert [column["name"] for column in json.loads(inputs)] == ["x"]
    assert caplog.messages == []


@pytest.mark.parametrize(
    "estimator",
    [
        "sklearn.linear_model.RidgeClassifier",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.neural_network.MLPClassifier",
        "lightgbm.LGBMClassifier",
        "xgboost.XGBClassifier",
        "catboost.CatBoostClassifier",
    ],
)
def test_the_model_of_a_usual_estimator_is_one_that_runs_no_code_when_it_is_loaded(
    tmp_path: Path, estimator: str
) -> None:
    silent = {"lightgbm": {"verbose": -1}, "catboost": {"verbose": 0, "allow_writing_files": False}}
    params = silent.get(estimator.partition(".")[0], {})
    spec = EstimatorSpec(path=estimator, params=params, seed=0, kind="classification")
    table = pd.DataFrame({"size": range(40), "shop": ["north", "south", None, "east"] * 10})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow when it is imported, and of a short training
        pipeline = build_pipeline(spec, feature_roles(table, {})).fit(
            table, pd.Series(["low", "high"] * 20)
        )
        save_model(pipeline, tmp_path / "model", table, [])

    manifest = Manifest(
        task="T", fingerprint="feed", ingredients={}, outputs=collect_outputs(tmp_path, [])
    )
    check_executable(tmp_path, manifest)
    assert load_model(tmp_path / "model").predict(table).shape == (40,)


@pytest.mark.parametrize("bare", ["what? #1 100%25 'größe'"], indirect=True)
def test_a_project_has_its_store_and_models_whatever_its_folder_is_called(
    bare: Project, tmp_path: Path
) -> None:
    write_tables(bare, [str(row % 8) for row in range(48)])
    bare.configure('[RunConfig]\ntask = "Prediction"\n[Dataset]\nkind = "regression"\n')

    first, second = bare.run(), bare.run()

    assert (first.code, second.code) == (0, 0), first.err + second.err
    (folder,) = (path for path in bare.folder.parent.iterdir() if path.is_dir())
    assert folder == bare.folder
    assert all("reused" in line for line in tasks_of(bare))
    copy = tmp_path / "copy"
    copy.mkdir()  # MLflow can load a model from such a path, if not in place
    assert predict_afresh(bare, tmp_path / "answers.csv", copy) == written(bare, "y")


def tasks_of(project: Project) -> list[str]:
    """Return what became of each task of the newest run."""
    return project.top_runs()[0].data.tags["tasks"].split(", ")
