"""The program with its imports done before it starts, for tests that start it again and again.

A start takes seconds, nearly all of them for imports. Here a process imports once what is heavy and
not ours, and does once what is slow the first time. Each start is a fork of it, in a process group
of its own, that runs the `src/runner.py` of a project or its `runforest` command.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import itertools
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


HEAVY = (
    "alembic.command",
    "dotenv",
    "jinja2",
    "jsonschema",
    "loky",
    "matplotlib.backends.backend_agg",
    "matplotlib.projections",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "narwhals._pandas_like.namespace",
    "optuna.importance",
    "optuna.storages.journal",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "rich._emoji_codes",
    "rich.table",
    "scipy.stats",
    "skops.io",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.inspection",
    "sqlalchemy.dialects.sqlite",
    "tenacity",
    "toml",
    "tornado.ioloop",
)


POLL_S = 0.01
STREAMS = ("out", "err")

COMMAND = "runforest"
"""Instead of a script: the command line's entry."""


@dataclass
class Started:
    """A program that was started: used as a `subprocess.Popen` whose streams go to files."""

    pid: int
    folder: Path
    returncode: int | None = None

    @property
    def out(self) -> str:
        """What it has written to its standard output so far."""
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """What it has written to its standard error so far."""
        return (self.folder / "err").read_text(encoding="utf-8")

    def poll(self) -> int | None:
        """Return the exit code, that of a signal negative; None while the program runs."""
        file = self.folder / "code"
        if self.returncode is None and file.exists():
            self.returncode = int(file.read_text(encoding="utf-8"))
        return self.returncode

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Wait for the end; return what was written to the two streams."""
        deadline_s = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline_s:
                raise subprocess.TimeoutExpired(str(self.folder), timeout)
            time.sleep(POLL_S)
        return self.out, self.err

    def wait_for(self, text: str) -> None:
        """Wait until the program has written a text to its standard error, or has ended."""
        while text not in self.err and self.poll() is None:
            time.sleep(POLL_S)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class WarmProgram:
    """The program of any project."""

    def __init__(self, server: subprocess.Popen[str], folder: Path) -> None:
        self._server = server
        self._folders = (folder / str(number) for number in itertools.count())
        self._lock = threading.Lock()

    def start(
        self, script: str, *arguments: str, cwd: Path, environment: dict[str, str]
    ) -> Started:
        """Start a script or COMMAND; its process id is that of its group too."""
        order = {"script": script, "arguments": arguments, "cwd": str(cwd)}
        assert self._server.stdin
        assert self._server.stdout
        with self._lock:
            folder = next(self._folders)
            folder.mkdir()
            for stream in STREAMS:
                (folder / stream).touch()
            order |= {"folder": str(folder), "environment": environment}
            self._server.stdin.write(json.dumps(order) + "\n")
            self._server.stdin.flush()
            return Started(pid=int(self._server.stdout.readline()), folder=folder)


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
            start_new_session=True,
        ) as server,
    ):
        yield WarmProgram(server, Path(temporary))


def kill_group(group: int) -> None:
    """Kill a process and all that it started, if they are still there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _serve() -> None:
    """Start a process for each line of the standard input, and print its id."""
    for name in HEAVY:
        importlib.import_module(name)
    _rehearse()
    gc.collect()
    gc.freeze()  # a collection would copy what forks share with this process
    folders: dict[int, Path] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _note_ended(folders))
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            os.setpgid(0, 0)
            _end(_exit_code(order))
        with suppress(OSError):  # the child has done it already; whoever is first
            os.setpgid(pid, pid)
        folders[pid] = Path(order["folder"])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for group in list(folders):
        kill_group(group)


def _note_ended(folders: dict[int, Path]) -> None:
    """Write the exit codes of the processes that have ended."""
    for pid, folder in list(folders.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del folders[pid]
            new = folder / "new"
            new.write_text(str(os.waitstatus_to_exitcode(status)), encoding="utf-8")
            new.rename(folder / "code")


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


def _exit_code(order: dict[str, Any]) -> int:
    """Run the script or command; return the exit code that Python would give."""
    try:
        _become(**order)
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


def _become(
    script: str, arguments: list[str], cwd: str, folder: str, environment: dict[str, str]
) -> None:
    """Go on as a script or command, in its folder and environment and without a terminal."""
    os.chdir(cwd)
    os.environ.update(environment)  # that of this process has nothing else
    tempfile.tempdir = None  # to be found in it
    streams = (Path(folder) / name for name in STREAMS)
    with Path(os.devnull).open("rb") as nothing, ExitStack() as opened:
        files = [nothing, *(opened.enter_context(path.open("wb")) for path in streams)]
        for descriptor, file in enumerate(files):
            os.dup2(file.fileno(), descriptor)
    sys.dont_write_bytecode = True  # an edit in the same second would run the code before it
    is_command = script == COMMAND
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    first = Path("src" if is_command else Path(script).parent)
    sys.path[:1] = [str(Path(path).absolute()) for path in (first, *filter(None, paths))]
    sys.argv = [script, *arguments]
    if is_command:
        sys.exit(importlib.import_module("runforest.launch.cli").main())
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _serve()
