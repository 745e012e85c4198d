"""What the figures were measured on, and with which versions."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from runforest import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable


def machine_facts() -> str:
    """Return processor, cores, memory, system, Python and date in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB; {_system()}; "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"{dt.datetime.now(dt.UTC).date()}"
    )


def installed_versions(names: Iterable[str]) -> str:
    """Return the versions of Runforest and of distributions in this environment, for reading."""
    found = [f"{name} {metadata.version(name)}" for name in names]
    return ", ".join([f"Runforest {__version__}", *found])


def versions_in(python: Path, name: str) -> str:
    """Return the version of a distribution in the environment of another interpreter."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return f"{name} {done.stdout.strip()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = platform.system()
    return f"{name}, kernel {platform.release()}"
