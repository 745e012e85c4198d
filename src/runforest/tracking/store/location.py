"""Where the artifacts of a run lie: in a folder that the file system has, or behind a store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_path(uri: str) -> Path | None:
    """Return the path that a URI of artifacts names, None when it names none.

    >>> local_path("/data/a%20b"), local_path("file:///data/a%20b"), local_path("s3://bucket/a")
    (PosixPath('/data/a%20b'), PosixPath('/data/a b'), None)
    """
    parts = urlsplit(uri)
    if parts.scheme not in {"", "file"}:
        return None
    return Path(unquote(parts.path)) if parts.scheme else Path(uri)
