"""The program with its imports done before it starts, for tests that start it again and again.

A start takes seconds, nearly all of them for imports. Here a process imports once what is heavy and
not ours, and does once what is slow the first time. Each start is a fork of it, in a process group
of its own, that runs the `src/runner.py` of a project or its `runforest` command.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

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


COMMAND = "runforest"
"""Instead of a script: the command line's entry."""


class WarmProgram:
    """The program of any project: one execution at a time."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(self, project: Project, *arguments: str, script: str = "src/runner.py") -> int:
        """Start a project's script; return its process id, which is that of its group too.

        What it prints goes to the files of `streams`.
        """
        assert self._server.stdin
        order = {"folder": str(project.folder), "script": script, "arguments": arguments}
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """Return the exit code of what was started last; that of a signal is negative."""
        return self._answer()

    def run(
        self,
        project: Project,
        *arguments: str,
        script: str = "src/runner.py",
        timeout_s: float = 300,
    ) -> int:
        """Run a project's script to its end and return its exit code; kill it if it takes long."""
        group = self.start(project, *arguments, script=script)
        timer = threading.Timer(timeout_s, kill_group, [group])
        timer.start()
        try:
            return self.wait()
        finally:
            timer.cancel()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


@contextmanager
def warm_program(environment: dict[str, str]) -> Iterator[WarmProgram]:
    """Yield the program, in an environment; what killed processes leave in /tmp goes with it."""
    with (
        TemporaryDirectory(prefix="warm-", ignore_cleanup_errors=True) as temporary,
        subprocess.Popen(
            [sys.executable, __file__],
            env=environment | {"TMPDIR": temporary},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        yield WarmProgram(server)


def streams(project: Path) -> tuple[Path, Path]:
    """Return the files, beside a project, of what the program last wrote on its two streams."""
    return project.with_name(f"{project.name}.out"), project.with_name(f"{project.name}.err")


def printed(project: Project) -> str:
    """Return what the program wrote when it was last started."""
    return "".join(file.read_text(encoding="utf-8") for file in streams(project.folder))


def kill_group(group: int) -> None:
    """Kill a process and all that it started, if they are still there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _serve() -> None:
    """Start a process for each line of the standard input; tell its id, and then its exit code."""
    for name in HEAVY:
        importlib.import_module(name)
    _rehearse()
    gc.collect()
    gc.freeze()  # a collection would copy what forks share with this process
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _end(_exit_code(Path(order["folder"]), order["script"], order["arguments"]))
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


def _exit_code(project: Path, script: str, arguments: list[str]) -> int:
    """Run the script or command; return the exit code that Python would give."""
    try:
        _become(project, script, arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End as the interpreter does, without its last step.

    That takes all objects apart: seconds, for what is shared with the process that was forked.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _become(project: Path, script: str, arguments: list[str]) -> None:
    """Go on as the project's script or command, in its folder and without a terminal."""
    os.chdir(project)
    out, err = streams(project)
    with Path(os.devnull).open("rb") as nothing, out.open("wb") as first, err.open("wb") as second:
        for descriptor, file in enumerate((nothing, first, second)):
            os.dup2(file.fileno(), descriptor)
    sys.path[0] = str(project / "src")
    sys.argv = [str(project / script), *arguments]
    if script == COMMAND:
        sys.exit(importlib.import_module("runforest.launch.cli").main())
    runpy.run_path(sys.argv[0], run_name="__main__")


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
