"""A class that would not do what its author means is refused before a run, with the line to write.

The graphs are built in this process; `test_bad_configuration.py` shows what the program prints.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi
import pytest
from luigi.cmdline import luigi_run
from luigi.configuration import get_config
from luigi.task_register import Register

from runforest.foundation.errors import ConfigError
from runforest.launch.experiment.graph import output_problems, walk_graph
from runforest.launch.experiment.project_tasks import import_tasks
from runforest.run.active import Run, RunSettings
from runforest.run_task import RunTask, WrapperRunTask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Leaf(RunTask):
    """Sound."""

    n = luigi.IntParameter(default=1)

    def output(self) -> Any:
        return self.artifact("leaf.txt")

    def compute(self) -> None:
        self.output().save(str(self.n))


class PlainLuigi(luigi.Task):
    """A task of Luigi's own kind."""


class Async(Leaf):
    async def compute(self) -> None:  # type: ignore[override]
        raise AssertionError


class AsyncGenerating(Leaf):
    async def compute(self) -> AsyncIterator[int]:  # type: ignore[override]
        yield 1


class Yielding(Leaf):
    def compute(self) -> Iterator[RunTask]:  # type: ignore[override]
        yield self.need(Leaf)


class InheritsYield(Yielding):
    """Has it from another class."""


class Running(RunTask):
    def run(self) -> None:
        raise AssertionError


class Completing(Leaf):
    def complete(self) -> bool:
        return True


class ComputingWrapper(WrapperRunTask):
    def compute(self) -> None:
        raise AssertionError


class NeedsPlain(WrapperRunTask):
    def requires(self) -> object:
        return PlainLuigi()


class WithoutNeed(WrapperRunTask):
    def requires(self) -> object:
        return [Leaf(n=4)]


class AsyncRequires(WrapperRunTask):
    def requires(self) -> Iterator[object]:
        yield self.need(Leaf)
        yield self.need(Async)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run", RunSettings(project=str(tmp_path)))


def refusal(task: type[RunTask], run: Run) -> str:
    with pytest.raises(ConfigError) as raised:
        walk_graph(task(active_run=run), pins={})
    return str(raised.value)


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        (Async, "Write `def compute(self):`, and in it `asyncio.run(...)`."),
        (AsyncGenerating, "Write `def compute(self):`, and in it `asyncio.run(...)`."),
        (Yielding, "Return the tasks that it needs from requires(), and take the `yield` out."),
        (InheritsYield, "task InheritsYield\n  compute() has a `yield`"),
        (Running, "has its own run(). Name it `def compute(self):`"),
        (Completing, "has its own complete(). Take it out"),
        (ComputingWrapper, "compute() is not run. Derive it from RunTask."),
        (NeedsPlain, "Derive it from RunTask, and name its run() compute()."),
        (WithoutNeed, "Leaf is made without a run. In a task write `self.need(Leaf, ...)`."),
        (AsyncRequires, "task Async\n  compute() is asynchronous"),
    ],
)
def test_a_class_that_would_not_do_its_work_is_refused(
    run: Run, task: type[RunTask], remedy: str
) -> None:
    assert remedy in refusal(task, run)


def test_sound_classes_are_not_refused(run: Run) -> None:
    tasks = [Leaf(active_run=run), Leaf(active_run=run, n=2)]

    assert [walk_graph(task, pins={}) for task in tasks] == [[one] for one in tasks]
    assert output_problems(tasks) == []


class Declaring(RunTask):
    """Declares what the test says."""

    which = luigi.Parameter()

    def output(self) -> object:
        return {
            "target": luigi.LocalTarget("out/table.csv"),
            "text": "table.csv",
            "path": Path("/tmp/table.csv"),  # noqa: S108
            "nested": {"a": self.artifact("a.csv"), "b": [Path("table.csv")]},
            "other": 3,
        }[str(self.which)]


class Naming(RunTask):
    """Names its artifact as the test says."""

    name = luigi.Parameter()

    def output(self) -> object:
        return self.artifact(str(self.name))


class DeclaringWrapper(WrapperRunTask):
    def output(self) -> object:
        return self.artifact("a.csv")


class Failing(RunTask):
    def output(self) -> object:
        return self.artifact({}["nothing"])


@pytest.mark.parametrize("which", ["target", "text", "path", "nested"])
def test_an_output_that_is_no_artifact_is_refused_with_the_line_to_write(
    run: Run, which: str
) -> None:
    (problem,) = output_problems([Declaring(active_run=run, which=which)])

    assert "Return `self.artifact('table.csv')`" in problem.message


def test_an_output_without_a_name_is_refused(run: Run) -> None:
    (problem,) = output_problems([Declaring(active_run=run, which="other")])

    assert "Return `self.artifact('NAME.csv')`" in problem.message


def test_a_wrapper_with_outputs_and_an_output_that_raises_are_refused(run: Run) -> None:
    wrapper, failing = output_problems([DeclaringWrapper(active_run=run), Failing(active_run=run)])

    assert "writes nothing. Derive it from RunTask." in wrapper.message
    assert failing.message == "output() raises KeyError: 'nothing'. Correct the task."


@pytest.mark.parametrize("name", ["/abs.txt", "../up.txt", "a/../../up.txt", "", ".", ".."])
def test_a_name_that_leads_out_of_the_tasks_folder_is_refused(run: Run, name: str) -> None:
    (problem,) = output_problems([Naming(active_run=run, name=name)])

    assert "a path below its task's folder" in problem.message


@pytest.mark.parametrize(
    "name", ["manifest.json", "metric_history.csv", ".staging", "./manifest.json"]
)
def test_the_name_of_a_file_of_the_engine_is_refused(run: Run, name: str) -> None:
    (problem,) = output_problems([Naming(active_run=run, name=name)])

    assert "Give the file another name." in problem.message


@pytest.mark.parametrize("name", [Path("plots/a.png"), "./plots//a.png", "plots/a.png"])
def test_an_artifact_has_one_spelling(run: Run, name: str | Path) -> None:
    assert Leaf(active_run=run).artifact(name).name == "plots/a.png"


def test_the_command_luigi_prints_how_a_task_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_config("toml"), "data", {"core": {"no_configure_logging": True}})

    with pytest.raises(SystemExit) as stopped:
        luigi_run(["Leaf", "--local-scheduler"])

    assert str(stopped.value).endswith("python src/runner.py --set RunConfig.task=Leaf")


def test_tasks_are_found_in_every_folder_below_src_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "src" / "tasks" / "deep" / "er" / "inner.py"
    inner.parent.mkdir(parents=True)
    (tmp_path / "src" / "tasks" / "__init__.py").touch()
    (tmp_path / "src" / "tasks" / "not-a-module.py").write_text("raise AssertionError")
    inner.write_text("import luigi\nclass FoundDeep(luigi.Task):\n    pass\n")
    modules = {name for name in sys.modules if name.partition(".")[0] == "tasks"}
    for name in modules:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "src"), *sys.path])
    tasks = list(Register._reg)

    import_tasks(tmp_path)

    assert Register.get_task_cls("FoundDeep").__module__ == "tasks.deep.er.inner"
    Register._reg[:] = tasks
    for name in [name for name in sys.modules if name.partition(".")[0] == "tasks"]:
        del sys.modules[name]
