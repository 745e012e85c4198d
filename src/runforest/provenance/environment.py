"""The installed packages, Python and the platform."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata


def installed_packages() -> str:
    """Return the installed distributions as the lines of a requirements file, sorted."""
    found = {
        (distribution.metadata["Name"], distribution.version)
        for distribution in metadata.distributions()
    }
    return "".join(f"{name}=={version}\n" for name, version in sorted(found, key=str) if name)


def platform_facts() -> dict[str, object]:
    """Return what of the machine can matter for a result."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "host": platform.node(),
    }
