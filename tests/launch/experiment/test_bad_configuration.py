"""Mistakes that only a process shows: exit code, a clean stderr, the user's own tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


@pytest.mark.slow
def test_a_wrong_configuration_ends_with_code_2_one_message_and_no_run(project: Project) -> None:
    project.configure('[RunConfig]\ntask = "Predicton"\n[PathConfig]\ninput = "input/titanic"\n')

    outcome = project.run()

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err == (
        "luigi.toml [RunConfig]\n"
        '  task: unknown task "Predicton". Did you mean `Prediction`? Known: Evaluator, '
        "Experiment, Prediction, Preprocessor, Trainer, Tuner. They are looked for in src/tasks.\n"
    )
    assert project.runs() == []


def test_a_file_that_is_no_toml_is_refused_in_the_project_folder_too(project: Project) -> None:
    """Luigi, when it is imported, looks for a luigi.toml in the current folder."""
    project.configure("[RunConfig\n")

    outcome = project.run_cold()

    assert outcome.code == 2, outcome.err
    assert "not valid TOML" in outcome.err
    assert outcome.err.endswith("Correct that line.\n")


def test_a_parser_of_the_environment_other_than_toml_is_refused(project: Project) -> None:
    project.environment["LUIGI_CONFIG_PARSER"] = "yaml"

    outcome = project.run()

    assert outcome.code == 2
    assert outcome.err == (
        'environment\n  LUIGI_CONFIG_PARSER: must be "toml" or empty, got "yaml". '
        "Write the experiment as TOML.\n"
    )


def test_an_experiment_named_by_the_environment_runs_from_any_folder(
    project: Project, tmp_path: Path
) -> None:
    project.environment["LUIGI_CONFIG_PARSER"] = "toml"
    project.environment["LUIGI_CONFIG_PATH"] = str(tmp_path / "other.toml")
    (tmp_path / "other.toml").write_text(
        "[RunConfig]\nexperiment_name = 'elsewhere'\ntask = 'Preprocessor'\n"
        "[PathConfig]\ninput = 'input/titanic'\n[Preprocessor]\ndrop_columns = ['Name']\n"
    )

    outcome = project.run(cwd=tmp_path)

    assert outcome.code == 0, outcome.err
    assert project.manifest(project.top_runs()[0], "Preprocessor")["task"] == "Preprocessor"
    assert "Traceback" not in outcome.err


NASTY_NAME = "50 % / größe #1?x=%20 & <b>"


def test_artifacts_of_an_experiment_of_any_name_load_by_run(project: Project) -> None:
    from mlflow.artifacts import download_artifacts

    project.configure(
        f"[RunConfig]\nexperiment_name = '{NASTY_NAME}'\ntask = 'Preprocessor'\n"
        "[PathConfig]\ninput = 'input/titanic'\n"
    )

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    assert project.client.get_experiment(run.info.experiment_id).name == NASTY_NAME
    uri = f"runs:/{run.info.run_id}/Preprocessor/manifest.json"
    file = Path(download_artifacts(uri, tracking_uri=project.client.tracking_uri))
    assert json.loads(file.read_text(encoding="utf-8"))["task"] == "Preprocessor"


IMPORTS = [
    pytest.param(
        "def broken(:\n",
        ["SyntaxError: ", "tasks/mine.py, line 1", "Correct that line."],
        id="syntax error",
    ),
    pytest.param(
        "import os\nimport pandsa\n",
        ["No module named 'pandsa'", "tasks/mine.py, line 2", "Correct that line."],
        id="missing module",
    ),
    pytest.param(
        "from runforest.run_task import RunTask\nclass Trainer(RunTask):\n    pass\n",
        ["two tasks are named Trainer. Rename one of them."],
        id="one name twice",
    ),
]


@pytest.mark.parametrize(("source", "because"), IMPORTS)
def test_a_task_module_that_cannot_be_imported_is_named_with_its_line(
    project: Project, source: str, because: list[str]
) -> None:
    project.write("src/tasks/mine.py", source)

    outcome = project.run()

    assert outcome.code == 2
    assert [part for part in because if part not in outcome.err] == [], outcome.err
    assert "Traceback" not in outcome.err
    assert project.runs() == []


GRAPHS = """\
import luigi
from runforest.run_task import RunTask
from tasks.preprocessor import Preprocessor

class Raises(RunTask):
    def requires(self):
        return {}["nothing"]

class First(RunTask):
    def requires(self):
        return self.need(Second)

class Second(RunTask):
    def requires(self):
        return self.need(First)

class Itself(RunTask):
    def requires(self):
        return self

class NoDefault(RunTask):
    rate = luigi.FloatParameter()

class NeedsNoDefault(RunTask):
    def requires(self):
        return self.need(NoDefault)

class NoTask(RunTask):
    def requires(self):
        return ["Preprocessor"]

class UnknownParameter(RunTask):
    def requires(self):
        return self.need(Preprocessor, column="Age")

class Async(RunTask):
    async def compute(self):
        pass

class Target(RunTask):
    def output(self):
        return luigi.LocalTarget("out/table.csv")

class Outside(RunTask):
    def output(self):
        return self.artifact("/abs.txt")

class WithoutNeed(RunTask):
    def requires(self):
        return NoDefault(rate=0.5)

class Plain(luigi.Task):
    pass
"""

WRONG_GRAPHS = {
    "Raises": ["task Raises", "requires() raises KeyError: 'nothing'. Correct the task."],
    "First": ["requires itself, by way of others. Break the circle."],
    "Itself": ["task Itself", "requires itself, by way of others. Break the circle."],
    "NoDefault": ["[NoDefault]", "rate: has no value and no default. Set it in [NoDefault]."],
    "NeedsNoDefault": ["[NoDefault]", "rate: has no value and no default. Set it in [NoDefault]."],
    "NoTask": ["requires 'Preprocessor', which is not a RunTask. Return tasks from requires()."],
    "UnknownParameter": ["UnknownParameterException", "column", "Correct the task."],
    "Async": ["task Async", "compute() is asynchronous", "Write `def compute(self):`"],
    "Target": ["task Target", "Return `self.artifact('table.csv')`"],
    "Outside": ["task Outside", "below its task's folder, got '/abs.txt'"],
    "WithoutNeed": ["task WithoutNeed", "write `self.need(NoDefault, ...)`"],
    "Plain": ["[RunConfig]", "task: Plain is a plain luigi.Task. Derive it from RunTask"],
}

RUNNER = """\
import contextlib, io, json, sys
from pathlib import Path
from runforest.launch.cli import run

told = {}
for task in sys.argv[1:]:
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        code = run(Path(__file__).parents[1], ["--set", f"RunConfig.task={task}"])
    told[task] = [code, stderr.getvalue()]
print(json.dumps(told))
"""
"""Tries many tasks in one process, since each start takes seconds."""


def test_a_graph_that_cannot_be_built_is_refused_with_its_remedy(project: Project) -> None:
    project.write("src/tasks/mine.py", GRAPHS)
    project.write("src/runner.py", RUNNER)

    outcome = project.run(*WRONG_GRAPHS)

    told = json.loads(outcome.out)
    assert {task: code for task, (code, _) in told.items()} == dict.fromkeys(WRONG_GRAPHS, 2)
    missing = {
        task: message
        for task, (_, message) in told.items()
        if not all(part in message for part in WRONG_GRAPHS[task])
    }
    assert missing == {}
    assert [task for task, (_, message) in told.items() if len(message.splitlines()) != 2] == []
    assert "Traceback" not in outcome.out + outcome.err
    assert project.runs() == []
