"""Names and values as MLflow takes them."""

from __future__ import annotations

VALUE_LIMIT = 6000


def safe_name(name: str) -> str:
    """Return a name with what MLflow refuses in it replaced.

    >>> safe_name("fare [GBP]")
    'fare _GBP_'
    """
    return "".join(char if char.isalnum() or char in "_-. /:" else "_" for char in name)


def shortened(value: str) -> str:
    """Return a value cut to the length that MLflow keeps; it would cut it without a mark."""
    return value if len(value) <= VALUE_LIMIT else f"{value[: VALUE_LIMIT - 1]}…"
