"""Projects for tests: a copy of the repository's tasks and data, run through the public entries."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from compileall import compile_dir
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

# Two test processes share two cores; started programs get the same from `full_environment`.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Programs inherit an ignored Ctrl-C, as of a shell's background job: tests send it to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Runforest sets it when it is imported; a second test process inherits it from the first.
os.environ.pop("LUIGI_CONFIG_PARSER", None)

import runforest  # noqa: F401 - before any test imports Luigi, which then chooses its parser
from runforest.tracking.store.uri import StoreUri, local_path
from tests.warm import COMMAND, kill_group, warm_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

    from runforest.launch.experiment.load import Experiment
    from tests.warm import Started, WarmProgram

REPOSITORY = Path(__file__).resolve().parents[1]
CLEARED = ("LUIGI_", "MLFLOW_", "PROJECT_ROOT", "PYTHON")
QUICK = ("--set", "Trainer.params.n_estimators=10", "--set", "Tuner.n_trials=3")
"""Options that make the repository's experiment quick."""

ARTICLE = (REPOSITORY / "experiments" / "article.toml").read_text(encoding="utf-8")
"""The smallest experiment, as a file of the repository that these tests run."""


OPEN = ExitStack()
"""What is closed when the tests are over."""


def pytest_sessionfinish() -> None:
    """Close it."""
    OPEN.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files with slow tests come first: begun last, one would run alone at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a program printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A project folder, and the ways to use it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def configure(self, text: str) -> None:
        """Replace luigi.toml."""
        self.write("luigi.toml", text)

    def start(self, *arguments: str, cwd: Path | None = None) -> Started:
        """Start `python src/runner.py` in a process group of its own.

        It is a copy of an interpreter that has done the imports.
        """
        return self._start(str(self.folder / "src" / "runner.py"), *arguments, cwd=cwd)

    def run(self, *arguments: str, cwd: Path | None = None, timeout_s: float = 300) -> Outcome:
        """Run `python src/runner.py` to its end."""
        return _outcome(self.start(*arguments, cwd=cwd), timeout_s)

    def start_command(self, *arguments: str) -> Started:
        """Start the `runforest` command in a process group of its own."""
        return self._start(COMMAND, *arguments)

    def command(self, *arguments: str, timeout_s: float = 300) -> Outcome:
        """Run the `runforest` command to its end."""
        return _outcome(self.start_command(*arguments), timeout_s)

    def run_script(self, script: Path, *arguments: str, timeout_s: float = 300) -> Outcome:
        """Run a script to its end, in its own folder."""
        return _outcome(self._start(str(script), *arguments, cwd=script.parent), timeout_s)

    def start_cold(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `python src/runner.py` with an interpreter of its own, which takes seconds."""
        return subprocess.Popen(
            [sys.executable, str(self.folder / "src" / "runner.py"), *arguments],
            cwd=self.folder,
            env=self.full_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run_cold(self, *arguments: str, timeout_s: float = 300) -> Outcome:
        """Run `python src/runner.py` to its end with an interpreter of its own."""
        return _outcome(self.start_cold(*arguments), timeout_s)

    def _start(self, script: str, *arguments: str, cwd: Path | None = None) -> Started:
        environment = self.full_environment()
        folder = cwd or self.folder
        return _warm_program().start(script, *arguments, cwd=folder, environment=environment)

    def full_environment(self) -> dict[str, str]:
        """Return the environment of a started program: nothing of the tests' own settings."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(CLEARED)}
        return (
            kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"} | self.environment
        )

    @property
    def client(self) -> MlflowClient:
        """Client of the project's own store."""
        from mlflow import MlflowClient

        own = StoreUri.of_file(self.folder / "mlruns" / "mlflow.db").text
        return MlflowClient(tracking_uri=self.environment.get("MLFLOW_TRACKING_URI", own))

    def runs(self) -> list[MlflowRun]:
        """Return all runs of the store, newest first; none when there is no store yet."""
        has_store = (self.folder / "mlruns" / "mlflow.db").exists()
        if not has_store and "MLFLOW_TRACKING_URI" not in self.environment:
            return []
        client = self.client
        experiments = [found.experiment_id for found in client.search_experiments()]
        return list(client.search_runs(experiments, order_by=["attributes.start_time DESC"]))

    def top_runs(self) -> list[MlflowRun]:
        """Return the runs that are no child runs, newest first."""
        return [run for run in self.runs() if "mlflow.parentRunId" not in run.data.tags]

    def children(self, run: MlflowRun) -> list[MlflowRun]:
        """Return the child runs of a run."""
        parent = run.info.run_id
        return [one for one in self.runs() if one.data.tags.get("mlflow.parentRunId") == parent]

    def artifacts(self, run: MlflowRun) -> Path:
        """Return the artifact folder of a run of the local store."""
        path = local_path(run.info.artifact_uri)
        assert path is not None
        return path

    def manifest(self, run: MlflowRun, task: str) -> dict[str, object]:
        """Return the manifest of a task's result in a run."""
        path = self.artifacts(run) / task / "manifest.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))


def _outcome(started: Started | subprocess.Popen[str], timeout_s: float) -> Outcome:
    """Return what a program printed to its end; kill it if it takes long."""
    try:
        out, err = started.communicate(timeout=timeout_s)
    except BaseException:
        kill_group(started.pid)
        raise
    return Outcome(code=started.returncode, out=out, err=err)


@cache
def _warm_program() -> WarmProgram:
    """Return the program of all projects of this test process."""
    environment = Project(REPOSITORY).full_environment()
    return OPEN.enter_context(warm_program(environment))


@cache
def _compile_sources() -> None:
    """Compile the sources once, for all projects: a copy of a file has its date."""
    compile_dir(REPOSITORY / "src", quiet=1)


def make_project(folder: Path, store: Path | None = None, data: str = "titanic") -> Project:
    """Return a project with the repository's tasks and luigi.toml, a data set, an empty store."""
    _compile_sources()
    shutil.copytree(REPOSITORY / "src", folder / "src")
    shutil.copytree(REPOSITORY / "input" / data, folder / "input" / data)
    shutil.copy2(REPOSITORY / "luigi.toml", folder / "luigi.toml")
    if store:
        (folder / "mlruns").mkdir()
        shutil.copy2(store, folder / "mlruns" / "mlflow.db")
    return Project(folder)


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that one test process makes and all of them read."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    made = folder.with_suffix(".made")
    with FileLock(folder.with_suffix(".lock")):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite store without runs, made once since migrating takes seconds."""
    return make_once(tmp_path_factory, "store", _migrate) / "mlruns" / "mlflow.db"


def _migrate(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from runforest.tracking.store.connect import connect\n"
        "folder = Path(sys.argv[1]); connect(f'sqlite:///{folder}/mlruns/mlflow.db', folder)"
    )
    environment = Project(folder).full_environment() | {"PYTHONPATH": str(REPOSITORY / "src")}
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True, env=environment)


@pytest.fixture
def project(tmp_path: Path, empty_store: Path) -> Project:
    """Return a fresh project."""
    return make_project(tmp_path / "project", empty_store)


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project under git whose quick experiment ran once; tests must not change it."""

    def make(folder: Path) -> None:
        project = make_project(folder / "project")
        shutil.copy2(REPOSITORY / ".gitignore", project.folder / ".gitignore")
        git(project.folder, "init", "--quiet")
        git(project.folder, "add", "--all")
        git(project.folder, "commit", "--quiet", "--message", "Start")
        outcome = project.run(*QUICK)
        assert outcome.code == 0, outcome.err

    return Project(make_once(tmp_path_factory, "finished", make) / "project")


SMALL = """\
[PathConfig]
input = "input"
[Evaluator]
n_folds = 2
"""
"""The configuration of `check`: the smallest that is sound."""


class Check:
    """A small project whose configuration is read in the tests' own process.

    Nothing of it runs: a mistake is told before that, and `load` stops there. Its tasks are those
    of the repository.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project = Project(folder)
        self._capsys = capsys
        self.configure(SMALL)
        self.train("id,x,y\n" + "".join(f"{row},{row % 7},{row % 2}\n" for row in range(20)))
        self.test("id,x\n100,1\n101,2\n")

    @property
    def folder(self) -> Path:
        """Folder of the project."""
        return self.project.folder

    def configure(self, text: str) -> None:
        """Replace luigi.toml."""
        self.project.configure(text)

    def train(self, content: str | bytes) -> None:
        """Replace the training file."""
        self._write("train.csv", content)

    def test(self, content: str | bytes) -> None:
        """Replace the test file."""
        self._write("test.csv", content)

    def run(self, *arguments: str) -> Outcome:
        """Call the entry of runner.py with a configuration that it refuses."""
        from luigi.task_register import Register

        from runforest.launch.cli import run

        Register.clear_instance_cache()  # each test plans a run of its own
        code = run(self.folder, list(arguments))
        printed = self._capsys.readouterr()
        return Outcome(code=code, out=printed.out, err=printed.err)

    def refuses(self, *arguments: str, because: Iterable[str]) -> str:
        """See that the entry tells of a mistake, without a traceback and before there is a store.

        Returns
        -------
        message
            What it says.
        """
        outcome = self.run(*arguments)
        assert outcome.code == 2, outcome
        assert [part for part in because if part not in outcome.err] == [], outcome.err
        assert "Traceback" not in outcome.err
        assert not (self.folder / "mlruns" / "mlflow.db").exists()
        return outcome.err

    def load(self, *arguments: str) -> Experiment:
        """Return the experiment of a sound configuration."""
        from luigi.task_register import Register

        from runforest.config.environment import read_environment
        from runforest.launch.experiment.load import load_experiment
        from runforest.launch.options import parse_options

        Register.clear_instance_cache()
        return load_experiment(parse_options(list(arguments)), read_environment(self.folder))

    def _write(self, name: str, content: str | bytes) -> None:
        path = self.folder / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Check]:
    """Return a project that is checked in this process, in an environment of its own."""
    before = dict(os.environ)
    for key in [key for key in os.environ if key.startswith(CLEARED)]:
        if key != "LUIGI_CONFIG_PARSER":  # put there by Runforest, for Luigi's import
            monkeypatch.delenv(key)
    folder = tmp_path / "project"
    folder.mkdir()
    yield Check(folder, capsys)
    os.environ.clear()
    os.environ.update(before)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a disk that is nearly full."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def wait_until(
    condition: Callable[[], bool], timeout_s: float = 60, *, poll_s: float = 0.05
) -> None:
    """Return when the condition holds; fail the test if it does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(poll_s)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Return whether an MLflow server is ready at an address."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False
