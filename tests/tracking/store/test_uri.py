"""A store is the file that its path names, however the project's folder is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from runforest.foundation.errors import StoreError
from runforest.tracking.store.uri import StoreUri, artifact_uri, local_path

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "what?",
    "#1",
    "100%",
    "50%25",
    "two words",
    "it's",
    'the "one"',
    "größe",
    "a;b&c=d+e",
    "~",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_database_lies_in_the_project_whatever_its_folder_is_called(
    tmp_path: Path, name: str
) -> None:
    project = tmp_path / name
    (project / "mlruns").mkdir(parents=True)

    uri = StoreUri.configured("", project)

    with create_engine(uri.text).begin() as connection:
        connection.execute(text("CREATE TABLE any_table (x)"))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert uri.file == project / "mlruns" / "mlflow.db"
    assert uri.file.stat().st_size
    assert uri.is_own(project)
    assert local_path(artifact_uri(project / "mlruns" / "demo")) == project / "mlruns" / "demo"


def test_a_configured_file_is_relative_to_the_project_and_has_its_options(tmp_path: Path) -> None:
    uri = StoreUri.configured("sqlite:///other/a%3Fb.db?timeout=20", tmp_path)

    assert uri.file == tmp_path / "other" / "a?b.db"
    assert make_url(uri.text).database == str(uri.file)
    assert make_url(uri.text).query == {"timeout": "20"}
    assert not uri.is_own(tmp_path)


@pytest.mark.parametrize(
    ("text", "is_server", "is_database"),
    [
        ("http://host:5000", True, False),
        ("https://me:secret@host/mlflow/", True, False),
        ("postgresql+psycopg://me:secret@host/runs", False, True),
        ("sqlite:////data/mlflow.db", False, True),
        ("databricks://profile", False, False),
    ],
)
def test_a_uri_names_a_server_or_a_database(
    tmp_path: Path, text: str, *, is_server: bool, is_database: bool
) -> None:
    uri = StoreUri.configured(text, tmp_path)

    assert (uri.is_server, uri.is_database) == (is_server, is_database)
    assert "secret" not in uri.shown


def test_the_address_of_a_server_has_neither_name_nor_password() -> None:
    assert StoreUri("https://me:secret@host:1/mlflow/").address == "https://host:1/mlflow"


@pytest.mark.parametrize(
    "text", ["foo://me:secret@host", "./folder", "file:///data", "http://[::1"]
)
def test_what_names_no_store_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        StoreError, match=r"(L|l)eave it empty .* the project's SQLite file"
    ) as refused:
        StoreUri.configured(text, tmp_path)

    assert "secret" not in str(refused.value)
