"""Keeping secrets out of what is written: the values of `.env` become asterisks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret masked.

    >>> redact("password is hunter2", ["hunter2"])
    'password is ***'
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def redact_bytes(data: bytes, secrets: Iterable[str]) -> bytes:
    """Return the bytes with the UTF-8 form of every secret masked."""
    for secret in secrets:
        data = data.replace(secret.encode(), MASK.encode())
    return data
