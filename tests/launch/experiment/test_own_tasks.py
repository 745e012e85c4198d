"""A task of one's own takes ten to twenty lines, and its logging reaches the run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import QUICK, REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Check, Project

DOCS = REPOSITORY / "docs"

TALKING = """\
import luigi
from matplotlib.figure import Figure

from runforest.run_task import RunTask, WrapperRunTask


class Talking(RunTask):
    number = luigi.IntParameter(default=1)

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        for step in range(3):
            self.log_metric(f"loss_{self.number}", 1.0 / (step + 1), step=step)
        self.log_param("colour", f"blue {self.number}")
        self.log_figure(Figure(), "empty.png")
        self.output().save(str(self.number))


class Talks(WrapperRunTask):
    def requires(self):
        return [self.need(Talking, number=number) for number in (1, 2)]
"""


def snippets(page: str, language: str) -> list[str]:
    """Return the code blocks of a documentation page, as a reader copies them."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_tasks_of_the_own_task_and_the_tuning_page_reach_the_model(project: Project) -> None:
    (deep_tuner,) = [code for code in snippets("tuning.md", "python") if "class DeepTuner" in code]
    (tuner,) = [code for code in snippets("tuning.md", "toml") if "DeepTuner" in code]
    project.write("src/tasks/family_size.py", snippets("own-task.md", "python")[0])
    project.write("src/tasks/deep_tuner.py", deep_tuner)
    project.write("tables.toml", snippets("own-task.md", "toml")[0])
    project.write("tuner.toml", tuner)
    files = ("--config", "luigi.toml", "--config", "tables.toml", "--config", "tuner.toml")

    outcome = project.run(
        *files, *QUICK, "--set", "DeepTuner.n_trials=2", "--set", "DeepTuner.n_folds=2"
    )

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    folder = project.artifacts(run)
    assert "FamilySize" in (folder / "Trainer" / "model" / "MLmodel").read_text()
    assert "FamilySize" in (folder / "Evaluator" / "importances.csv").read_text()
    params = json.loads((folder / "Trainer" / "params.json").read_text())
    assert params.keys() & {"max_depth", "max_leaf_nodes"}
    assert params == {"n_estimators": 10} | json.loads(
        (folder / "DeepTuner" / "best_params.json").read_text()
    )
    assert len(project.children(run)) == 2
    readers = ("DeepTuner", "Trainer", "Evaluator", "Prediction")
    upstream = {task: project.manifest(run, task)["ingredients"]["upstream"] for task in readers}
    assert all("0.FamilySize" in needed for needed in upstream.values())
    assert not (folder / "Tuner").exists()


def test_a_task_named_in_the_configuration_is_checked_before_a_run(check: Check) -> None:
    for name, remedy in (
        ("Preprocesor", "Did you mean `Preprocessor`? Known: Evaluator,"),
        ("Preprocessors", "They are looked for in src/tasks."),
        ("WrapperTask", "Derive it from RunTask"),
        ("Tuner", "Tuner has no output train. Name another task"),
    ):
        message = check.refuses("--set", f"Trainer.tables={name}", because=[remedy, "[Trainer]"])

        assert message.count("tables:") == 1

    check.refuses(
        *("--set", "Trainer.tune=true", "--set", "Trainer.tuner=Preprocessor"),
        because=["tuner: Preprocessor has no parameter estimator, params", "[Trainer]"],
    )


@pytest.mark.slow
def test_two_instances_in_worker_processes_log_into_their_run_and_have_a_folder_each(
    project: Project,
) -> None:
    project.write("src/tasks/talking.py", TALKING)

    outcome = project.run("--set", "RunConfig.task=Talks", "--set", "RunConfig.workers=2")

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    history = project.client.get_metric_history(run.info.run_id, "loss_2")
    assert [(metric.step, metric.value) for metric in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert run.data.metrics["loss_1"] == 1 / 3
    assert run.data.params["Talking.colour"] == "blue 1"
    assert run.data.params["Talking-number_2.colour"] == "blue 2"
    for folder, number in (("Talking", "1"), ("Talking-number=2", "2")):
        result = project.artifacts(run) / folder
        assert (result / "done.txt").read_text() == number
        assert (result / "empty.png").read_bytes().startswith(b"\x89PNG")
    assert len(project.runs()) == 1


@pytest.mark.slow
def test_the_store_is_one_file_once_the_program_has_ended(project: Project) -> None:
    project.write("src/tasks/talking.py", TALKING)

    outcome = project.run_cold("--set", "RunConfig.task=Talking")

    assert outcome.code == 0, outcome.err
    assert (project.folder / "mlruns" / "mlflow.db").exists()
    assert not (project.folder / "mlruns" / "mlflow.db-wal").exists()


@pytest.mark.slow
def test_the_score_of_the_tuning_page_chooses_trials_and_its_code_counts(project: Project) -> None:
    (profit,) = [code for code in snippets("tuning.md", "python") if "def profit" in code]
    (scoring,) = [code for code in snippets("tuning.md", "toml") if "my_scores" in code]
    score = project.write("src/tasks/my_scores.py", profit)
    project.write("score.toml", scoring)
    files = ("--config", "luigi.toml", "--config", "score.toml")

    outcome = project.run(*files, *QUICK, "--set", "Evaluator.scoring=tasks.my_scores.profit")

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    children = [child.data.metrics for child in project.children(run)]
    best = max(metrics["profit"] for metrics in children)
    assert run.data.metrics["best_profit"] == best > 50
    assert all({"profit_std", "fold_profit"} <= metrics.keys() for metrics in children)
    scores = json.loads((project.artifacts(run) / "Evaluator" / "scores.json").read_text())
    assert scores.keys() == {"profit"}
    score.write_text(profit.replace("5 *", "6 *"))
    assert "code of tasks.my_scores.profit changed" in project.run(*files, *QUICK, "--plan").out
