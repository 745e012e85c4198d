"""What the program and its processes print: log records, on the terminal and in a file."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from typing import IO, TYPE_CHECKING, Self

from runforest.foundation.redact import redact_bytes

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

_QUIET = ("luigi", "luigi-interface", "luigi.scheduler", "alembic", "mlflow", "git", "matplotlib")

_STREAMS = (1, 2)
_DEFAULT_COLUMNS = 80
_CLEAR = b"\r\x1b[J"  # from the start of the line to the end of the screen
_ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])")


def set_up_logging(level: str) -> None:
    """Send log records to standard error; third-party libraries log warnings alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMAT)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The run's summary names a failed task, and its traceback is an artifact.
    logging.getLogger("luigi-interface").setLevel(logging.CRITICAL)
    # Retries that help are no news; those that do not end in a message of our own.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class ConsoleLog:
    """Copies standard output and error into a file while it is open.

    The terminal gets every byte as it was written and at once, so prompts, debuggers and progress
    bars of tasks work; the file gets whole lines, plain and with secrets masked. It works on the
    file descriptors, so worker processes and compiled libraries are copied too.

    A status text can be shown below all that is printed. It steps aside for output, and stays away
    while the last line is unfinished, such as a prompt.
    """

    def __init__(self, path: Path, secrets: tuple[str, ...]) -> None:
        self._path = path
        self._secrets = secrets
        self._saved = [os.dup(stream) for stream in _STREAMS]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()  # of terminal and file; no forked process uses it
        self._status: tuple[str, ...] = ()
        self._is_status_visible = False
        self._is_line_open = False
        self.is_terminal = os.isatty(self._saved[1])

    def __enter__(self) -> Self:
        """Begin to copy."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._file = self._path.open("ab", buffering=0)
        for stream, saved in zip(_STREAMS, self._saved, strict=True):
            read_end, write_end = os.pipe()
            os.dup2(write_end, stream)
            os.close(write_end)
            thread = threading.Thread(
                target=self._copy, args=(read_end, saved), daemon=True, name="console-log"
            )
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_error: object) -> None:
        """Give the streams back and wait until all is written."""
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, saved in zip(_STREAMS, self._saved, strict=True):
            os.dup2(saved, stream)
        for thread in self._threads:
            # A process that outlives the run may hold the pipe open; it is not waited for.
            thread.join(timeout=2.0)

    def terminal(self) -> IO[str]:
        """Return a stream to the terminal itself, to learn what it is."""
        return os.fdopen(os.dup(self._saved[1]), "w", encoding="utf-8", errors="replace")

    def columns(self) -> int:
        """Return the width of the terminal at present."""
        try:
            return os.get_terminal_size(self._saved[1]).columns or _DEFAULT_COLUMNS
        except OSError:
            return _DEFAULT_COLUMNS

    def show(self, *lines: str) -> None:
        """Show lines below all others on the terminal, in place of those shown before."""
        with self._lock:
            if lines != self._status:
                shown = _CLEAR if self._is_status_visible else b""
                self._status = lines
                _write(self._saved[1], shown + self._below())

    def record(self, line: str) -> None:
        """Write a line into the file alone."""
        with self._lock:
            self._to_file(line.encode() + b"\n")

    def _below(self) -> bytes:
        """Return what shows the status and leaves the cursor at the start of its first line.

        There an echoed ^C does no harm, and the cursor need not be hidden.
        """
        self._is_status_visible = bool(self._status) and not self._is_line_open
        if not self._is_status_visible:
            return b""
        up = f"\x1b[{len(self._status) - 1}A" if len(self._status) > 1 else ""
        return ("\r\n".join(self._status) + f"\r{up}").encode()

    def _copy(self, read_end: int, stream: int) -> None:
        is_beside = self.is_terminal and os.path.sameopenfile(stream, self._saved[1])
        rest = b""
        while block := os.read(read_end, 1 << 16):
            with self._lock:
                if is_beside:
                    shown = _CLEAR if self._is_status_visible else b""
                    self._is_line_open = not block.endswith(b"\n")
                    _write(stream, shown + block + self._below())
                else:
                    _write(stream, block)
                *lines, rest = (rest + block).split(b"\n")  # a secret is never cut in two
                for line in lines:
                    self._to_file(line + b"\n")
        if rest:
            self._to_file(rest)
        os.close(read_end)

    def _to_file(self, line: bytes) -> None:
        _write(self._file.fileno(), _plain(redact_bytes(line, self._secrets)))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:  # a closed terminal or a full disk must not stop the run
            return


def _plain(line: bytes) -> bytes:
    r"""Return a line as it looks in the end: without colours and what was overwritten.

    >>> _plain(b"\x1b[31m10 %\r20 %\x1b[0m\n")
    b'20 %\n'
    """
    text = _ESCAPES.sub(b"", line.rstrip(b"\r\n")).rstrip(b"\r")
    end = b"\n" if line.endswith(b"\n") else b""
    return text.rpartition(b"\r")[2] + end
