"""A secret is known by its variable's name, or by its place in a URL."""

from __future__ import annotations

import pytest

from runforest.foundation.redact import (
    has_secret_name,
    holds_secret,
    redact,
    secret_values,
    unmaskable,
)


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN",
        "HF_TOKENS",
        "apiToken",
        "CLIENT_SECRET",
        "PGPASSWORD",
        "MYSQL_PWD",
        "DB_PASSWD",
        "DB_PASS",
        "AWS_ACCESS_KEY_ID",
        "OPENAI_APIKEY",
        "GOOGLE_CREDENTIALS",
        "BASIC_AUTH",
        "SLACK_WEBHOOK_URL",
        "GITHUB_PAT",
    ],
)
def test_these_names_are_those_of_secrets(name: str) -> None:
    assert has_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "MONKEY",
        "KEYBOARD",
        "MLFLOW_TRACKING_URI",
        "STAGE",
        "EXTRA",
        "AUTHOR",
        "PATH",
        "COMPASS",
        "TOKENIZERS_PARALLELISM",
        "PWD",
        "SSH_AUTH_SOCK",
        "SSL_KEY_FILE",
        "AUTH_MODE",
    ],
)
def test_these_names_are_not(name: str) -> None:
    assert not has_secret_name(name)


def test_ordinary_variables_hide_nothing() -> None:
    assert secret_values({"STAGE": "test", "EXTRA": "true", "USE_AUTH": "true", "KEY": ""}) == ()


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("http://me:hunter2@host:1/path", {"hunter2"}),
        ("postgresql://me:p%40ss@host/db", {"p%40ss", "p@ss"}),
        ("postgresql://me:p@ss@host/db", {"p@ss"}),
        ("redis://:hunter2@host", {"hunter2"}),
        ("http://a:first@h,http://b:second@h", {"first", "second"}),
        ("https://host/api?user=me&api_key=hunter2#top", {"hunter2"}),
        ("https://store.example/box?sv=2024&sig=a%2Fbc", {"a%2Fbc", "a/bc"}),
        ("http://[broken:hunter2@host", {"hunter2"}),
        ("http://host:5000", set()),
        ("http://me@host:5000/a:b@c", set()),
    ],
)
def test_of_a_url_the_password_is_hidden_whatever_its_variable_is_called(
    url: str, hidden: set[str]
) -> None:
    assert set(secret_values({"MLFLOW_TRACKING_URI": url})) == hidden


def test_each_line_of_a_secret_is_hidden_the_longest_first() -> None:
    key = "-----BEGIN KEY-----\nabcdef\n-----END KEY-----"

    hidden = secret_values({"PRIVATE_KEY": key})

    assert hidden == (key, "-----BEGIN KEY-----", "-----END KEY-----", "abcdef")
    assert redact(f"{key}, abcdef", hidden) == "***, ***"


def test_values_too_short_to_be_masked_are_named() -> None:
    variables = {"DB_PASSWORD": "pw", "DATABASE": "http://me:x@h", "USE_AUTH": "1", "STAGE": "a"}

    assert secret_values(variables) == ()
    assert unmaskable(variables) == ["DB_PASSWORD", "DATABASE"]


@pytest.mark.parametrize(
    ("text", "secret", "is_held"),
    [
        ("1234", "1234", True),
        ("postgresql://me:1234@host", "1234", True),
        ('{"pins": ["1234"]}', "1234", True),
        ("0.12345", "1234", False),
        ("latest", "test", False),
        ("Bearerhunter2hunter2", "hunter2hunter2", True),
        ("p@ss", "p@ss", True),
    ],
)
def test_a_short_secret_is_not_seen_in_parts_of_words(
    text: str, secret: str, *, is_held: bool
) -> None:
    assert holds_secret(text, secret) is is_held
