"""Keeping secrets out of what is written: the values of `.env` become asterisks, in any process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
PUBLIC_KEYS = (
    "LUIGI_CONFIG_PATH",
    "LUIGI_CONFIG_PARSER",
    "PROJECT_ROOT",
    "MLFLOW_TRACKING_URI",
    "UI_PORT",
)
_SHORTEST_SECRET = 4
# Holds the names of the variables of .env, not their values: worker processes inherit it.
_NAMES = "RUNFOREST_DOTENV_NAMES"


def secret_values(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of some variables must never be written, the longest first.

    All values of four or more characters count, and each line of one that has several; those of
    the public keys do not, but for a password inside a URL.

    >>> secret_values({"API_TOKEN": "hunter2", "PIN": "123", "UI_PORT": "5000"})
    ('hunter2',)
    >>> secret_values({"MLFLOW_TRACKING_URI": "http://me:hunter2@host"})
    ('hunter2',)
    """
    hidden = {value for key, value in variables.items() if key not in PUBLIC_KEYS}
    hidden |= {line.strip() for value in hidden for line in value.splitlines()}
    hidden |= {_password(value) for value in variables.values()}
    return tuple(
        sorted((value for value in hidden if len(value) >= _SHORTEST_SECRET), key=len, reverse=True)
    )


def remember_names(names: Iterable[str]) -> None:
    """Let this process and its children know which variables `.env` sets."""
    os.environ[_NAMES] = ",".join(names)


def known_secrets() -> tuple[str, ...]:
    """Return the secrets of this process, whichever way it was started."""
    names = os.environ.get(_NAMES, "").split(",")
    return secret_values({name: os.environ.get(name, "") for name in names})


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


def redact_all(value: object, secrets: tuple[str, ...]) -> object:
    """Return a value of JSON types with every secret in its texts masked, as JSON types.

    What has to be read back is masked so, and not as a text: a secret may be `true` or a number.

    >>> redact_all({"token": ["is hunter2", 7], "pair": ("hunter2", True)}, ("hunter2", "true"))
    {'token': ['is ***', 7], 'pair': ['***', True]}
    """
    if not secrets:
        return value
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {key: redact_all(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(item, secrets) for item in value]
    return value


def _password(value: str) -> str:
    try:
        return urlsplit(value).password or ""
    except ValueError:  # not a URL
        return ""
