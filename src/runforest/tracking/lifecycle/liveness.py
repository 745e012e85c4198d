"""Whether the process of a run lives: it holds a lock, which the kernel releases at its death.

Host name, process id and start time say nothing across containers and cloned machines. A run is
judged only where its lock file is: in the project that opened it, on the machine that opened it.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "[0-9a-f]" * 32


def hold_lock(project: Path) -> Path:
    """Lock a new file until this process ends, and return it.

    Processes forked from this one hold the lock as well, as long as one of them lives: while a
    Luigi worker still computes for a run whose main process was killed, nobody closes the run and
    removes what the worker writes. Programs that are started get no part of it.
    """
    folder = Layout(project).open_runs
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / uuid.uuid4().hex
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, _identity(descriptor).encode())
    draft.rename(path)  # nobody ever sees it unlocked while this process lives
    return path


def abandoned_locks(project: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the lock files of dead processes of this machine, and whether each is the original.

    One that was copied with its project is not. Each is locked while the caller has it, so that of
    several starts one closes the run.
    """
    for path in sorted(Layout(project).open_runs.glob(_NAME)):
        with suppress(OSError):  # another start removed it, or it is another user's
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                here, written = _identity(descriptor), os.read(descriptor, 1000).decode()
                if written.split()[:-1] == here.split()[:-1]:
                    yield path, written == here
            finally:
                os.close(descriptor)


def _identity(descriptor: int) -> str:
    """Return the machine's id and the file's inode, which a copy of the file does not have.

    Disks that machines share may not share locks. Containers mostly have no id, and share the
    locks of the volumes that they share.
    """
    file = Path("/etc/machine-id")
    machine = file.read_text().strip() if file.exists() else ""
    return f"{machine} {os.fstat(descriptor).st_ino}"
