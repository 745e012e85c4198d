"""An estimator and features of one's own, as their pages describe them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from runforest.config.model import FeaturesConfig
from tests.launch.experiment.test_own_tasks import snippets

if TYPE_CHECKING:
    from tests.conftest import Check, Project

FEATURES = [text for text in snippets("data.md", "toml") if "[Features]" in text]


def test_the_page_uses_every_key_of_features(check: Check) -> None:
    used = [tomllib.loads(text)["Features"] for text in FEATURES]

    assert {key for table in used for key in table} == set(FeaturesConfig.model_fields)
    said, own = FEATURES
    check.train("Pclass,Ticket,y\n" + "".join(f"{row % 3},A{row},{row % 2}\n" for row in range(40)))
    check.test("Pclass,Ticket\n1,B1\n")
    overlay = check.project.write("page.toml", said)
    base = str(check.folder / "luigi.toml")
    tables = check.load("--config", base, "--config", str(overlay)).tables
    assert tables["Trainer"]["features"] == used[0]
    assert tables["Trainer"]["columns"] == {"Pclass": "category", "Ticket": "drop"}
    assert "pipeline" in own


@pytest.mark.slow
def test_an_estimator_and_features_of_the_pages_are_fitted_and_saved(project: Project) -> None:
    (estimator,) = [code for code in snippets("own-task.md", "python") if "NearestMean" in code]
    (config,) = [code for code in snippets("own-task.md", "toml") if "NearestMean" in code]
    (build,) = [code for code in snippets("data.md", "python") if "def build(roles)" in code]
    project.write("src/tasks/nearest_mean.py", estimator)
    project.write("src/tasks/my_features.py", build)
    project.configure(
        '[PathConfig]\ninput = "input/titanic"\n[RunConfig]\ntask = "Prediction"\n'
        f"[Tuner]\nn_trials = 2\nn_folds = 2\n{config}{FEATURES[1]}"
    )

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    folder = project.artifacts(run)
    rows = (folder / "Trainer" / "features.csv").read_text().splitlines()
    assert rows[0] == "column,role,reason,features"
    assert any("tasks.my_features.build" in row for row in rows)
    for task in ("Tuner", "Trainer"):
        code = project.manifest(run, task)["ingredients"]["code"]
        assert {"tasks.my_features:build", "tasks.nearest_mean:NearestMean"} <= code.keys()
    assert (folder / "Prediction" / "test_prediction.csv").read_text().count("\n") > 100
