"""The program with its imports done before it starts, for tests that kill it again and again.

A start takes seconds, nearly all of them for imports, in which there is nothing to destroy. Here a
process imports once what is heavy and not ours, and does once what is slow the first time. Each
start is a fork of it, in a process group of its own, that runs the `src/runner.py` of a project.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Project

HEAVY = (
    "dotenv",
    "jinja2",
    "loky",
    "matplotlib.backends.backend_agg",
    "matplotlib.projections",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.store.tracking.sqlalchemy_store",
    "optuna.importance",
    "optuna.storages.journal",
    "pyarrow.parquet",
    "rich.table",
    "scipy.stats",
    "skops.io",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.inspection",
    "tenacity",
    "toml",
    "tornado.ioloop",
)


class WarmProgram:
    """The program of any project: one execution at a time."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(self, project: Project, *arguments: str) -> int:
        """Start `src/runner.py`; return its process id, which is that of its group too."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps([str(project.folder), *arguments]) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """Return the exit code of what was started last; that of a signal is negative."""
        return self._answer()

    def run(self, project: Project, *arguments: str) -> int:
        """Run `src/runner.py` to its end and return its exit code."""
        self.start(project, *arguments)
        return self.wait()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


@contextmanager
def warm_program(project: Project) -> Iterator[WarmProgram]:
    """Yield the program; a project's folder keeps what killed processes leave in that of /tmp."""
    temporary = project.folder / "tmp"
    temporary.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, __file__],
        env=project.full_environment() | {"TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield WarmProgram(server)


def printed(project: Project) -> str:
    """Return what the program wrote on the terminal when it was last started."""
    return (project.folder / "printed.txt").read_text(encoding="utf-8")


def kill_group(group: int) -> None:
    """Kill a process and all that it started, if they are still there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _serve() -> None:
    """Start a process for each line of the standard input; tell its id, and then its exit code."""
    for name in HEAVY:
        importlib.import_module(name)
    _rehearse()
    for line in iter(sys.stdin.readline, ""):
        folder, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _become(Path(folder), arguments)
            return
        with suppress(OSError):  # the child has done it already; whoever is first
            os.setpgid(pid, pid)
        _tell(pid)
        _, status = os.waitpid(pid, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _rehearse() -> None:
    """Save a model and a plot: MLflow then knows the packages here, and matplotlib the fonts."""
    from matplotlib.figure import Figure
    from mlflow.sklearn import save_model
    from sklearn.linear_model import LinearRegression

    with TemporaryDirectory() as folder:
        model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
        save_model(model, f"{folder}/model", pip_requirements=["scikit-learn"])
        figure = Figure(layout="constrained")
        figure.subplots().plot([0.0, 1.0])
        figure.savefig(f"{folder}/figure.png")


def _become(project: Path, arguments: list[str]) -> None:
    """Go on as `python src/runner.py`, in the project's folder and without a terminal."""
    os.chdir(project)
    with Path(os.devnull).open("rb") as nothing, Path("printed.txt").open("wb") as file:
        os.dup2(nothing.fileno(), 0)
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    runner = project / "src" / "runner.py"
    sys.path[0] = str(runner.parent)
    sys.argv = [str(runner), *arguments]
    runpy.run_path(str(runner), run_name="__main__")


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
