"""Names and values as MLflow takes them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from runforest.results.digests import text_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LIMIT, VALUE_LIMIT = 250, 6000
_REFUSED = re.compile(r"[^\w\-. /:]")


@lru_cache(maxsize=1024)  # asked for each parameter of each trial
def safe_name(name: str) -> str:
    """Return a name with what MLflow refuses in it replaced.

    It refuses most signs, what would lead elsewhere as a path, and more than 250 characters.

    >>> safe_name("fare [GBP]"), safe_name("../up"), safe_name("a//b")
    ('fare _GBP_', '__/up', 'a/_/b')
    >>> len(safe_name(300 * "x"))
    250
    """
    safe = "/".join(_safe_part(part) for part in _REFUSED.sub("_", name).split("/"))
    if len(safe) <= NAME_LIMIT:
        return safe
    end = f"-{text_digest(encodable(name))[:8]}"
    return safe[: NAME_LIMIT - len(end)] + end


def safe_params(params: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as MLflow takes them, all of them.

    >>> safe_params({"a[": 1, "a]": "text"})  # names that differ only in what it refuses
    {'a_': '1', 'a__': 'text'}
    """
    safe: dict[str, str] = {}
    for name, value in params.items():
        key = safe_name(name)
        while key in safe:
            key = safe_name(f"{key}_")
        safe[key] = shortened(str(value))
    return safe


def _safe_part(part: str) -> str:
    """Return a part of a path that names nothing but itself."""
    if part in {"", "."}:
        return "_"
    return f"__{part[2:]}" if part.startswith("..") else part


def shortened(value: str) -> str:
    """Return a value cut to the length that MLflow keeps; it would cut it without a mark."""
    text = encodable(value)
    return text if len(text) <= VALUE_LIMIT else f"{text[: VALUE_LIMIT - 1]}…"


def encodable(text: str) -> str:
    r"""Return a text with what UTF-8 has no bytes for escaped, as in names of odd files.

    >>> encodable("caf\udce9")
    'caf\\udce9'
    """
    return text.encode(errors="backslashreplace").decode()
