"""Which files are recorded as code: bounds by place, kind and size, since data are not code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_FILE_BYTES = 1024 * 1024
MAX_TOTAL_BYTES = 10 * MAX_FILE_BYTES

_DATA = re.compile(r"input/|.*\.(csv|tsv|jsonl|ndjson|arff|libsvm|dat|data|log)$", re.IGNORECASE)
_KEYS = re.compile(r"(.*/)?\.env(\.(?!example).*)?$|.*\.(pem|key)$", re.IGNORECASE)
_HEAD_BYTES = 8000  # git judges by as many whether a file is text


def is_code(path: Path, name: str) -> bool:
    """Return whether a file is text or a link, and neither a table nor a file of secrets.

    Parameters
    ----------
    name
        Its path from the project folder, below whose `input` are data.
    """
    if _DATA.match(name) or _KEYS.match(name):
        return False
    if path.is_symlink():
        return True
    try:
        with path.open("rb") as file:
            return b"\0" not in file.read(_HEAD_BYTES)
    except OSError:  # unreadable, or a folder
        return False


def within_bounds(sizes: Mapping[str, int]) -> tuple[list[str], dict[str, int]]:
    """Return the files that are small enough, each and together, and the others with their sizes.

    >>> within_bounds({"model.py": 2000, "weights.txt": 300_000_000})
    (['model.py'], {'weights.txt': 300000000})
    """
    small: list[str] = []
    total = 0
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        total += sizes[name]
        if sizes[name] > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES:
            break
        small.append(name)
    return sorted(small), {name: sizes[name] for name in sizes if name not in set(small)}


def sizes_in_words(files: Mapping[str, int], n_named: int = 3) -> str:
    """Return the largest files with their sizes, and how many others there are.

    >>> sizes_in_words({"a.csv": 4_000_000, "b.csv": 9_000_000}, 1)
    'b.csv (9.0 MB) and 1 more (13.0 MB in all)'
    """
    largest = sorted(files, key=lambda name: (-files[name], name))[:n_named]
    words = ", ".join(f"{name} ({files[name] / 1e6:.1f} MB)" for name in largest)
    n_others = len(files) - len(largest)
    total = f"{sum(files.values()) / 1e6:.1f} MB in all"
    return f"{words} and {n_others} more ({total})" if n_others else words
