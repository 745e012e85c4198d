"""A task of one's own takes ten to twenty lines, and its logging reaches the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

FAMILY_SIZE = '''\
from runforest.run_task import RunTask, requires
from tasks.preprocessor import Preprocessor


@requires(Preprocessor)
class FamilySize(RunTask):
    """Add the number of relatives on board."""

    def output(self):
        return {name: self.artifact(f"{name}.parquet") for name in ("train", "test")}

    def compute(self):
        for name, source in self.input().items():
            table = source.load()
            self.output()[name].save(table.assign(FamilySize=table["SibSp"] + table["Parch"]))
'''

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


@pytest.mark.slow
def test_a_task_between_preprocessor_and_trainer_gives_the_model_its_column(
    project: Project,
) -> None:
    project.write("src/tasks/family_size.py", FAMILY_SIZE)
    features = (project.folder / "src" / "tasks" / "features.py").read_text()
    project.write(
        "src/tasks/features.py",
        features.replace(
            "from tasks.preprocessor import Preprocessor as Features",
            "from tasks.family_size import FamilySize as Features",
        ),
    )

    outcome = project.run("--set", "RunConfig.task=Trainer", "--set", "Trainer.tune=false")

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    description = (project.artifacts(run) / "Trainer" / "model" / "MLmodel").read_text()
    assert "FamilySize" in description
    assert project.manifest(run, "Trainer")["ingredients"]["upstream"].keys() == {"0.FamilySize"}


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

    outcome = project.run("--set", "RunConfig.task=Talking", is_cold=True)

    assert outcome.code == 0, outcome.err
    assert (project.folder / "mlruns" / "mlflow.db").exists()
    assert not (project.folder / "mlruns" / "mlflow.db-wal").exists()
