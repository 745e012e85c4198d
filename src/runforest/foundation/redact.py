"""Masking secrets in what is written, in any process.

A secret is the value of an environment variable with a name such as API_TOKEN, or a password in a
URL. Variables of `.env` are put into the environment.
"""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASK = "***"
SHORTEST = 4
"""A shorter value is not masked: it occurs by chance in too many texts."""

_SECRET_WORD = re.compile(
    r"(KEY|PWD|PASS|PAT|AUTH|CRED|SIG|SIGNATURE|WEBHOOK|COOKIE"
    r"|\w*(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY))S?"
)
_PUBLIC_END = {"FILE", "PATH", "DIR", "SOCK", "MODE", "TYPE", "LENGTH", "TTL"}
_SWITCH_VALUES = {"true", "false", "yes", "no", "on", "off", "none", "null", "0", "1"}
_URL_PASSWORD = re.compile(r"://[^\s/?#@:]*:([^\s/?#]+)@")
_URL_QUERY = re.compile(r"[?&]([^\s=&#]+)=([^\s&#]+)")


@cache
def has_secret_name(name: str) -> bool:
    """Return whether a variable of this name holds a secret.

    >>> has_secret_name("API_TOKEN"), has_secret_name("MONKEY"), has_secret_name("TOKEN_FILE")
    (True, False, False)
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
    parts = re.split(r"[\W_]+", words)
    is_public = name == "PWD" or parts[-1] in _PUBLIC_END
    return not is_public and any(map(_SECRET_WORD.fullmatch, parts))


def secret_values(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of some variables must never be written, the longest first.

    Of a value of several lines each line counts too.

    >>> secret_values({"API_TOKEN": "hunter2", "STAGE": "test"})
    ('hunter2',)
    >>> secret_values({"MLFLOW_TRACKING_URI": "http://me:hunter2@host"})
    ('hunter2',)
    """
    hidden = {one for item in variables.items() for one in _secrets_of(*item)}
    hidden |= {line.strip() for value in hidden for line in value.splitlines()}
    long_enough = [value for value in hidden if len(value) >= SHORTEST]
    return tuple(sorted(long_enough, key=lambda one: (-len(one), one)))


def unmaskable(variables: Mapping[str, str]) -> list[str]:
    """Return the variables whose secrets are too short to be masked."""
    return [
        name
        for name, value in variables.items()
        if any(len(one) < SHORTEST for one in _secrets_of(name, value))
    ]


def _secrets_of(name: str, value: str) -> Iterator[str]:
    if value and has_secret_name(name) and value.casefold() not in _SWITCH_VALUES:
        yield value
    if "://" in value:
        for password in _URL_PASSWORD.findall(value):
            yield from {password, unquote(password)}
        for key, part in _URL_QUERY.findall(value):
            if has_secret_name(key):
                yield from {part, unquote(part)}


def known_secrets() -> tuple[str, ...]:
    """Return the secrets of this process's environment."""
    return _secrets_among(tuple(os.environ.items()))


@lru_cache(maxsize=1)
def _secrets_among(variables: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return secret_values(dict(variables))  # each event of a journal is masked


def holds_secret(text: str, secret: str) -> bool:
    """Return whether a secret stands in a text, and not by chance as a part of a word or number.

    >>> holds_secret("at 1234.", "1234"), holds_secret("0.12345", "1234")
    (True, False)
    """
    if len(secret) >= 2 * SHORTEST:
        return secret in text
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text) is not None


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
        data = data.replace(secret.encode(errors="surrogateescape"), MASK.encode())
    return data


def redact_all(value: object, secrets: tuple[str, ...]) -> object:
    """Return a value of JSON types with every secret in its texts masked, as JSON types.

    >>> redact_all({"token": ["is hunter2", 7], "pair": ("hunter2", True)}, ("hunter2",))
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
