"""Names in manifests, tags and stores: they become paths only below a folder of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

_UNSAFE = re.compile(r"\A[A-Za-z]:|[\\\0\ud800-\udfff]")


def check_name(name: str) -> str:
    r"""Return a name that is a relative path, and leads nowhere but down.

    Raises
    ------
    ArtifactError
        It is empty, absolute, has `.` or `..`, a backslash, a drive, or what UTF-8 cannot encode.

    >>> check_name("plots/roc.png")
    'plots/roc.png'
    >>> check_name("../up")
    Traceback (most recent call last):
    runforest.errors.ArtifactError: '../up' cannot name a file of a result. Use a relative path...
    """
    if {"", ".", ".."} & set(name.split("/")) or _UNSAFE.search(name):
        message = (
            f"{name!r} cannot name a file of a result. Use a relative path without '..', "
            "backslashes and drives."
        )
        raise ArtifactError(message)
    return name


def below(root: Path, name: str) -> Path:
    """Return the path that a name has below a folder.

    Raises
    ------
    ArtifactError
        It is no name of a file there, or a link leads out of the folder.
    """
    path = root / check_name(name)
    if not path.resolve().is_relative_to(root.resolve()):
        message = f"{path} is a link that leads out of {root}. Put the file itself there."
        raise ArtifactError(message)
    return path
