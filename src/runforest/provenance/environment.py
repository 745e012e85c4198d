"""The installed packages, Python and the platform."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata


def installed_packages() -> str:
    """Return the installed distributions as the lines of a requirements file, sorted."""
    found = {_requirement(distribution) for distribution in metadata.distributions()}
    return "".join(f"{line}\n" for line in sorted(found) if line)


def _requirement(distribution: metadata.Distribution) -> str:
    """Return `name==version`, or nothing of a distribution that is not installed completely.

    Read from the text, since the parser of the standard library takes ten times as long.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields = dict(_FIELD.findall(text.partition("\n\n")[0]))
    return f"{fields['Name']}=={fields['Version']}" if fields.keys() >= {"Name", "Version"} else ""


_FIELD = re.compile(r"^(Name|Version): *(.*\S)", re.MULTILINE)


DECISIVE = ("python", "implementation", "machine")
"""Facts of the platform that a run done again should share; the others say where it was made."""


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
