"""The console log: what the program and its processes print, shown and kept."""

from __future__ import annotations

import os
import sys
import threading
from typing import IO, TYPE_CHECKING, Self

from runforest.redact import redact_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_STREAMS = (1, 2)


class ConsoleLog:
    """Copies standard output and error into a file while it is open, secrets masked.

    It works on the file descriptors, so worker processes and compiled libraries are heard too.
    `terminal` is a stream to the real terminal, which the log does not hear.
    """

    def __init__(self, path: Path, secrets: tuple[str, ...]) -> None:
        self._path = path
        self._secrets = secrets
        self._saved = [os.dup(stream) for stream in _STREAMS]
        self._threads: list[threading.Thread] = []

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
        """Return a stream to the terminal itself, for lines that rewrite themselves."""
        return os.fdopen(os.dup(self._saved[0]), "w", encoding="utf-8", errors="replace")

    def _copy(self, read_end: int, terminal: int, log: IO[bytes]) -> None:
        for line in _lines(read_end):
            masked = redact_bytes(line, self._secrets)
            for write in (lambda data: os.write(terminal, data), log.write):
                try:
                    write(masked)
                except OSError:  # a closed terminal or a full disk must not stop the run
                    continue
        os.close(read_end)


def _lines(descriptor: int) -> Iterator[bytes]:
    """Yield complete lines, so that a secret is never cut in two."""
    rest = b""
    while block := os.read(descriptor, 1 << 16):
        *complete, rest = (rest + block).split(b"\n")
        for line in complete:
            yield line + b"\n"
    if rest:
        yield rest
