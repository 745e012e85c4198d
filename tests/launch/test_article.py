"""The configuration of the article is all that a prediction needs, and results can be pinned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.conftest import ARTICLE, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

    from tests.conftest import Project

pytestmark = pytest.mark.slow

PINNED = """\
[PathConfig]
input="./input/titanic/"
Preprocessor="{preprocessor}"
Trainer="{trainer}"
"""


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project in which the article's experiment ran once."""
    project = make_project(tmp_path_factory.mktemp("article") / "project", empty_store)
    project.configure(ARTICLE)
    outcome = project.run()
    assert outcome.code == 0, outcome.err
    return project


@pytest.fixture(scope="module")
def first(article: Project) -> MlflowRun:
    return article.top_runs()[0]


def prediction(project: Project, run: MlflowRun) -> bytes:
    return (project.artifacts(run) / "Prediction" / "test_prediction.csv").read_bytes()


def test_the_article_predicts_every_row_of_the_test_file(
    article: Project, first: MlflowRun
) -> None:
    ids = pd.read_csv(article.folder / "input" / "titanic" / "test.csv")["PassengerId"]

    answers = pd.read_csv(article.artifacts(first) / "Prediction" / "test_prediction.csv")

    assert list(answers.columns) == ["PassengerId", "Survived"]
    assert len(answers) == 418
    assert answers["PassengerId"].tolist() == ids.tolist()
    assert set(answers["Survived"]) == {0, 1}


def test_only_the_tasks_that_a_prediction_needs_have_run(
    article: Project, first: MlflowRun
) -> None:
    statuses = json.loads((article.artifacts(first) / "tasks.json").read_text())

    assert list(statuses) == ["Preprocessor", "Trainer", "Prediction"]
    assert article.children(first) == []


@pytest.mark.parametrize("form", ["path", "uri"])
def test_pinned_results_leave_the_prediction_alone_to_run(
    article: Project, first: MlflowRun, tmp_path: Path, form: str
) -> None:
    relative = article.artifacts(first).relative_to(article.folder)
    base = {"path": f"./{relative}", "uri": f"runs:/{first.info.run_id}"}[form]
    paths = PINNED.format(preprocessor=f"{base}/Preprocessor/", trainer=f"{base}/Trainer")
    article.configure(ARTICLE.replace('[PathConfig]\ninput="./input/titanic/"\n', paths))

    outcome = article.run("--force", "Prediction", cwd=tmp_path)

    assert outcome.code == 0, outcome.err
    newest = article.top_runs()[0]
    assert newest.info.run_id != first.info.run_id
    statuses = json.loads((article.artifacts(newest) / "tasks.json").read_text())
    assert {name: fact["status"] for name, fact in statuses.items()} == {"Prediction": "computed"}
    assert not (article.artifacts(newest) / "Trainer").exists()
    assert prediction(article, newest) == prediction(article, first)
    assert f"Trainer       pinned    {base}" in outcome.out or "pinned" in outcome.out
