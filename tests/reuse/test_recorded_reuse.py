"""What a run records of the results that it reuses: what it would say if their tasks had run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

    from tests.conftest import Project

pytestmark = pytest.mark.slow

TALKING = """\
import luigi

from runforest.run_task import RunTask, WrapperRunTask


class Talking(RunTask):
    number = luigi.IntParameter()

    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.log_param("colour", f"colour {self.number}")
        self.output().save(str(self.number))


class Both(WrapperRunTask):
    def requires(self):
        return [self.need(Talking, number=1), self.need(Talking, number=2)]
"""


def test_reused_params_have_the_name_of_the_task_that_reuses(project: Project) -> None:
    project.write("src/tasks/talking.py", TALKING)
    project.configure('[RunConfig]\ntask = "Both"\n[Talking]\nnumber = 1\n')
    assert project.run().code == 0

    outcome = project.run("--set", "Talking.number=2")

    assert outcome.code == 0, outcome.err
    assert set(statuses(project).values()) == {"reused"}
    params = project.top_runs()[0].data.params
    colours = {name: text for name, text in params.items() if name.endswith("colour")}
    assert colours == {"Talking.colour": "colour 2", "Talking-number_1.colour": "colour 1"}


LOGGING = """\
from runforest.run_task import RunTask


class Logging(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        self.log_metric("plain", 0.25)
        for step in range(1200):
            self.log_metric("loss, mean", 1 / (step + 1), step=step)
        for value in (3.0, 1.0, 2.0):
            self.log_metric("again", value)
        self.output().save("done")
"""
METRICS = ("plain", "loss_ mean", "again")


def history(project: Project, run: MlflowRun, metric: str) -> list[tuple[int, float]]:
    """Return steps and values of a metric as a run's page shows them."""
    points = project.client.get_metric_history(run.info.run_id, metric)
    return sorted((one.step, one.value) for one in points)


def test_a_reused_result_brings_every_step_of_its_metrics_along(project: Project) -> None:
    project.write("src/tasks/logging_task.py", LOGGING)
    project.configure('[RunConfig]\ntask = "Logging"\n')
    assert project.run().code == 0

    outcomes = [project.run() for _ in range(2)]  # the second reuses what was reused

    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes[0].err
    assert statuses(project) == {"Logging": "reused"}
    again, _, first = project.top_runs()
    assert again.data.metrics == first.data.metrics
    for metric in METRICS:
        assert history(project, again, metric) == history(project, first, metric)
    assert len(history(project, again, "loss_ mean")) == 1200


def test_links_lead_to_the_experiment_of_the_run_that_computed_a_result(project: Project) -> None:
    project.write("src/tasks/talking.py", TALKING)
    project.configure('[RunConfig]\ntask = "Both"\n[Talking]\nnumber = 1\n')
    assert project.run().code == 0

    outcome = project.run("--set", "RunConfig.experiment_name=another")

    assert outcome.code == 0, outcome.err
    newest, first = project.top_runs()
    assert newest.info.experiment_id != first.info.experiment_id
    link = f"#/experiments/{first.info.experiment_id}/runs/{first.info.run_id}"
    page = (project.artifacts(newest) / "lineage.html").read_text(encoding="utf-8")
    assert f"({link})" in newest.data.tags["mlflow.note.content"]
    assert re.findall('href="(.*?)"', page) == [f"http://localhost:5000/{link}"] * 2


def test_a_run_that_is_gone_for_good_is_named_without_a_link(project: Project) -> None:
    project.write("src/tasks/talking.py", TALKING)
    project.configure('[RunConfig]\ntask = "Both"\n[Talking]\nnumber = 1\n')
    assert (project.run().code, project.run().code) == (0, 0)
    first = project.top_runs()[1].info.run_id
    assert project.command("gc", "--keep", "1", "--delete").code == 0

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    newest = project.top_runs()[0]
    page = (project.artifacts(newest) / "lineage.html").read_text(encoding="utf-8")
    assert newest.data.tags["mlflow.note.content"].endswith(f"reused from run {first}")
    assert f"reused from run {first}" in " ".join(page.split())
    assert "href" not in page
