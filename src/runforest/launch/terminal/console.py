"""The console log: what the program and its processes print, shown and kept."""

from __future__ import annotations

import os
import re
import sys
import threading
from typing import IO, TYPE_CHECKING, Self

from runforest.redact import redact_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

KEPT_ONLY_MARK = "\0"
"""A line that begins with it goes into the file alone."""

_STREAMS = (1, 2)
_DEFAULT_COLUMNS = 80
_CLEAR = b"\r\x1b[J"  # from the start of the line to the end of the screen
_ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])")


class ConsoleLog:
    """Copies standard output and error into a file while it is open, secrets masked.

    It works on the file descriptors, so worker processes and compiled libraries are heard too.
    Standard error's terminal, if it is one, can show lines below all that is printed, which the
    file does not hear of: every line printed meanwhile goes through here, so none garbles them.
    """

    def __init__(self, path: Path, secrets: tuple[str, ...]) -> None:
        self._path = path
        self._secrets = secrets
        self._saved = [os.dup(stream) for stream in _STREAMS]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()  # of the terminal; no forked process uses it
        self._shown: tuple[str, ...] = ()
        self.is_terminal = os.isatty(self._saved[1])

    def __enter__(self) -> Self:
        """Begin to copy."""
        sys.stdout.flush()
        sys.stderr.flush()
        log = self._path.open("ab", buffering=0)
        for stream, saved in zip(_STREAMS, self._saved, strict=True):
            read_end, write_end = os.pipe()
            os.dup2(write_end, stream)
            os.close(write_end)
            thread = threading.Thread(
                target=self._copy, args=(read_end, saved, log), daemon=True, name="console-log"
            )
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

    def show(self, lines: Sequence[str]) -> None:
        """Show lines below all others on the terminal, in place of those shown before."""
        with self._lock:
            if tuple(lines) != self._shown:
                self._shown = tuple(lines)
                _write(self._saved[1], _CLEAR + self._below())

    def _below(self) -> bytes:
        """Return what shows the lines and leaves the cursor at the start of the first.

        There an echoed ^C does no harm, and the cursor need not be hidden.
        """
        up = f"\x1b[{len(self._shown) - 1}A" if len(self._shown) > 1 else ""
        return ("\r\n".join(self._shown) + f"\r{up}").encode() if self._shown else b""

    def _copy(self, read_end: int, terminal: int, log: IO[bytes]) -> None:
        is_beside = self.is_terminal and os.path.sameopenfile(terminal, self._saved[1])
        for line in _lines(read_end):
            masked = redact_bytes(line, self._secrets)
            if not masked.startswith(KEPT_ONLY_MARK.encode()):
                with self._lock:
                    is_framed = is_beside and bool(self._shown)
                    _write(terminal, _CLEAR + masked + self._below() if is_framed else masked)
            _write(log.fileno(), _plain(masked))
        os.close(read_end)


def _write(descriptor: int, data: bytes) -> None:
    try:
        os.write(descriptor, data)
    except OSError:  # a closed terminal or a full disk must not stop the run
        return


def _plain(line: bytes) -> bytes:
    r"""Return a line as it looks in the end: without colours and what was overwritten.

    >>> _plain(b"\x1b[31m10 %\r20 %\x1b[0m\n")
    b'20 %\n'
    """
    text = _ESCAPES.sub(b"", line.rstrip(b"\r\n")).rstrip(b"\r")
    end = b"\n" if line.endswith(b"\n") else b""
    return text.rpartition(b"\r")[2].removeprefix(KEPT_ONLY_MARK.encode()) + end


def _lines(descriptor: int) -> Iterator[bytes]:
    """Yield complete lines, so that a secret is never cut in two."""
    rest = b""
    while block := os.read(descriptor, 1 << 16):
        *complete, rest = (rest + block).split(b"\n")
        for line in complete:
            yield line + b"\n"
    if rest:
        yield rest
