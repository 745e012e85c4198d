"""The line that shows how far a search is, on real terminals: it garbles nothing and leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import QUICK, REPOSITORY, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

ESCAPE = "\x1b"
TERMINAL = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(kw_only=True)
class Session:
    """What a program wrote to its terminal, and its exit code."""

    code: int
    written: str

    @property
    def screen(self) -> list[str]:
        """Lines of the terminal in the end, as a terminal of unlimited height shows them."""
        return screen(self.written)


def screen(written: str) -> list[str]:
    """Return the lines that a terminal shows after it was sent a text; colours do not count."""
    rows, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|[\r\n]|[^\r\n\x1b]+", written):
        if token == "\r":
            column = 0
        elif token == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif token == "\x1b[J":
            rows[row:] = [rows[row][:column]]
        elif match := re.fullmatch(r"\x1b\[(\d+)A", token):
            row -= int(match[1])
        elif token.startswith(ESCAPE):
            assert token.endswith("m"), token
        else:
            rows[row] = rows[row][:column].ljust(column) + token + rows[row][column + len(token) :]
            column += len(token)
    return [line.rstrip() for line in rows]


class Terminal:
    """A pseudo-terminal with a program in it."""

    def __init__(self, command: list[str], *, columns: int = 120, **options: object) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        streams = {"stdin": follower, "stdout": follower, "stderr": follower} | options
        self.process = subprocess.Popen(command, start_new_session=True, **streams)
        os.close(follower)
        self._blocks: list[bytes] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    @property
    def written(self) -> str:
        """What the program has written so far."""
        return b"".join(self._blocks).decode(errors="replace")

    def type(self, keys: bytes) -> None:
        """Type on the terminal's keyboard."""
        os.write(self._leader, keys)

    def finish(self, timeout_s: float = 120) -> Session:
        """Wait for the end of the program."""
        try:
            code = self.process.wait(timeout_s)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self._thread.join()
            os.close(self._leader)
        return Session(code=code, written=self.written)

    def _read(self) -> None:
        while True:
            try:
                block = os.read(self._leader, 1 << 16)
            except OSError:  # the last process has let go of the terminal
                return
            if not block:
                return
            self._blocks.append(block)


PROGRAM = """\
import logging, subprocess, sys, time
from pathlib import Path
from runforest.launch.terminal.console import ConsoleLog
from runforest.launch.terminal.console import set_up_logging
from runforest.launch.terminal.progress import Progress
from runforest.run.events import StudyStarted, TrialFinished

progress = Progress()

def trial(number):
    progress.on_event(TrialFinished(
        task="Tuner", uid=str(number), number=number, params={"alpha": number / 7}, std=0.0,
        state="complete", value=number / 1000, fold_scores=[], started_ms=0, duration_s=0.0,
    ))

def finish(error):
    for number in range(400):
        trial(number)
        time.sleep(0.005)
        if number % 100 == 50:
            logging.info("record %d", number)
            print("printed", number, flush=True)
            subprocess.run(["sh", "-c", f"echo shell {number}; echo wrong {number} >&2"])
        if error and number == 300:
            raise error

try:
    with ConsoleLog(Path("console.log"), ("secret",)) as console:
        set_up_logging(LEVEL)
        with progress.shown_on(console):
            progress.on_event(StudyStarted(task="Tuner", key="ab", n_trials=400, n_earlier=0))
            FIRST
            finish(ERROR)
except KeyboardInterrupt:
    print("interrupted")
print("after")
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Session]:
    """Return a way to run a program with a study of 400 trials in two seconds in a terminal."""

    def run(
        *,
        level: str = "INFO",
        first: str = "",
        error: str = "None",
        environment: dict[str, str] | None = None,
        answer: tuple[str, bytes] | None = None,
        **options: object,
    ) -> Session:
        code = PROGRAM.replace("LEVEL", repr(level)).replace("FIRST", first)
        command = [sys.executable, "-c", code.replace("ERROR", error)]
        variables = TERMINAL | {"PYTHONPATH": str(REPOSITORY / "src")} | (environment or {})
        terminal = Terminal(command, cwd=tmp_path, env=variables, **options)
        if answer:
            wait_until(lambda: answer[0] in terminal.written)
            terminal.type(answer[1])
        return terminal.finish()

    return run


def log_lines(folder: Path) -> list[str]:
    """Return the lines of the console log, which must be plain."""
    text = (folder / "console.log").read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)
    return text.splitlines()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colours", "no-colour"])
@pytest.mark.parametrize("columns", [40, 120])
def test_a_status_line_leaves_every_other_line_whole(
    program: Callable[..., Session], tmp_path: Path, columns: int, environment: dict[str, str]
) -> None:
    session = program(columns=columns, environment=environment)

    lines = session.screen
    assert session.code == 0
    assert len(re.findall(r"\d+/400 ", COLOUR.sub("", session.written))) > 3
    for number in (50, 150, 250, 350):
        assert {f"printed {number}", f"shell {number}", f"wrong {number}"} <= set(lines)
        assert any(line.endswith(f" INFO    record {number}") for line in lines)
    assert [line for line in lines if "/400" in line] == [lines[-3]]
    assert "Tuner 400/400 trials, best 0.3990 (trial 399: alpha 57)" in lines[-3]
    assert lines[-2:] == ["after", ""]
    recorded = log_lines(tmp_path)
    assert "printed 350" in recorded
    assert 2 <= len([line for line in recorded if "/400 trials" in line]) <= 20


PROMPT = """answer = input("sure? "); print("answered", answer, "secret", flush=True)"""


def test_a_prompt_of_a_task_appears_before_it_is_answered_and_as_it_was_written(
    program: Callable[..., Session], tmp_path: Path
) -> None:
    session = program(first=PROMPT, answer=("sure? ", b"yes\n"))

    assert session.code == 0
    assert "answered yes secret" in session.screen
    assert any("answered yes ***" in line for line in log_lines(tmp_path))


BAR = """
            for step in range(5):
                sys.stderr.write(f"\\rloaded {step}/5"); sys.stderr.flush(); time.sleep(0.3)
            print(file=sys.stderr)"""


def test_a_progress_bar_of_a_task_is_shown_step_by_step_and_not_overwritten(
    program: Callable[..., Session], tmp_path: Path
) -> None:
    session = program(first=BAR)

    assert all(f"\rloaded {step}/5" in session.written for step in range(5))
    assert "loaded 4/5" in session.screen
    assert "loaded 4/5" in log_lines(tmp_path)


@pytest.mark.parametrize("error", ["KeyboardInterrupt()", "ValueError('no')"])
def test_the_line_goes_when_the_study_is_broken_off(
    program: Callable[..., Session], error: str
) -> None:
    session = program(error=error)

    (summary,) = [line for line in session.screen if "/400" in line]
    assert "Tuner 301/400 trials, best 0.3000" in summary
    assert session.screen[-1] == ""


@pytest.mark.parametrize(
    "settings",
    [{"environment": {"TERM": "dumb"}}, {"stderr": subprocess.DEVNULL}, {"level": "WARNING"}],
    ids=["dumb", "no-terminal", "warnings-alone"],
)
def test_without_a_terminal_that_can_redraw_there_are_lines_alone(
    program: Callable[..., Session], tmp_path: Path, settings: dict[str, object]
) -> None:
    session = program(**settings)

    assert session.code == 0
    assert ESCAPE not in session.written
    has_progress = settings.get("level") != "WARNING"
    assert any("Tuner 400/400 trials" in line for line in log_lines(tmp_path)) is has_progress


@pytest.fixture
def experiment(project: Project) -> Callable[..., Terminal]:
    """Return a way to start the repository's experiment in a terminal."""

    def start(*options: str) -> Terminal:
        command = [sys.executable, str(project.folder / "src" / "runner.py"), *QUICK, *options]
        environment = project.full_environment() | TERMINAL
        return Terminal(command, cwd=project.folder, env=environment)

    return start


def test_an_experiment_shows_how_far_its_search_is(
    project: Project, experiment: Callable[..., Terminal]
) -> None:
    session = experiment("--set", "Tuner.n_trials=12").finish()

    assert session.code == 0, session.written
    assert re.search(r"best accuracy 0\.\d{4}", COLOUR.sub("", session.written))
    (summary,) = [line for line in session.screen if "/12 trials" in line]
    assert "Tuner 12/12 trials, best accuracy 0." in summary
    artifacts = project.artifacts(project.top_runs()[0])
    assert any("Tuner 12/12 trials" in line for line in log_lines(artifacts))


def test_ctrl_c_leaves_a_clean_terminal(experiment: Callable[..., Terminal]) -> None:
    terminal = experiment("--set", "Tuner.n_trials=100000")
    try:
        wait_until(lambda: "/100000 " in COLOUR.sub("", terminal.written))
        os.killpg(terminal.process.pid, signal.SIGINT)
    finally:
        session = terminal.finish(60)

    assert session.code == 130
    (summary,) = [line for line in session.screen if "/100000" in line]
    assert "/100000 trials, best" in summary
    assert "Traceback" not in session.written
