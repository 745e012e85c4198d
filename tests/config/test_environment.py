"""Settings outside the file: the environment before `.env`, and what must stay secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runforest.config.environment import read_environment

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Check


def test_without_settings_all_is_that_of_the_project(check: Check) -> None:
    found = read_environment(check.folder)

    assert found.project == check.folder
    assert found.config_file == check.folder / "luigi.toml"
    assert (found.config_parser, found.tracking_uri, found.secrets) == ("toml", "", ())


def test_the_values_of_dotenv_count_from_the_project_folder(check: Check, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    check.project.write(
        ".env",
        "PROJECT_ROOT=../other\nLUIGI_CONFIG_PATH=conf/a.toml\nMLFLOW_TRACKING_URI=http://host:1\n",
    )

    found = read_environment(check.folder)

    assert found.project == tmp_path / "other"
    assert found.config_file == tmp_path / "other" / "conf" / "a.toml"
    assert found.tracking_uri == "http://host:1"


def test_the_environment_counts_before_dotenv_and_from_the_current_folder(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check.project.write(".env", "LUIGI_CONFIG_PATH=b.toml\nMLFLOW_TRACKING_URI=http://inside:1\n")
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "a.toml")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://outside:1")
    monkeypatch.chdir(tmp_path)

    found = read_environment(check.folder)

    assert found.config_file == tmp_path / "a.toml"
    assert found.tracking_uri == "http://outside:1"


@pytest.mark.parametrize(
    "key", ["LUIGI_CONFIG_PATH", "LUIGI_CONFIG_PARSER", "PROJECT_ROOT", "MLFLOW_TRACKING_URI"]
)
def test_an_empty_value_is_the_default(
    check: Check, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    default = read_environment(check.folder)
    check.project.write(".env", f"{key}=\n")
    if key != "LUIGI_CONFIG_PARSER":
        monkeypatch.setenv(key, "")

    assert read_environment(check.folder) == default


def test_a_missing_file_that_dotenv_names_is_refused(check: Check) -> None:
    check.project.write(".env", "LUIGI_CONFIG_PATH=other.toml\n")

    check.refuses(because=[str(check.folder / "other.toml"), "--config or LUIGI_CONFIG_PATH."])


def test_a_missing_file_that_the_environment_names_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "/nowhere/other.toml")

    check.refuses(because=["/nowhere/other.toml", "--config or LUIGI_CONFIG_PATH."])


@pytest.mark.parametrize("root", ["gone", "luigi.toml"])
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_project_root_that_is_no_folder_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch, place: str, root: str
) -> None:
    if place == ".env":
        check.project.write(".env", f"PROJECT_ROOT={root}\n")
    else:
        monkeypatch.setenv("PROJECT_ROOT", str(check.folder / root))

    check.refuses(
        because=["PROJECT_ROOT:", "is not a folder. Name a project folder, or leave it empty."]
    )


def test_a_dotenv_that_is_no_utf8_is_refused(check: Check) -> None:
    (check.folder / ".env").write_bytes(b"NAME=\xe9\n")

    check.refuses(because=[".env", "is not UTF-8 text", "Save it as UTF-8."])


def test_secrets_are_those_of_dotenv_and_of_the_environment_the_longest_first(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTER_TOKEN", "abcde")
    monkeypatch.setenv("DB_PASSWORD", "abcdef")
    check.project.write(".env", "DB_PASSWORD=abcdefgh\nSTAGE=test\nEXTRA=true\n")

    found = read_environment(check.folder)

    assert found.secrets == ("abcdefgh", "abcdef", "abcde")


def test_a_secret_too_short_to_be_masked_is_warned_of_without_its_value(
    check: Check, caplog: pytest.LogCaptureFixture
) -> None:
    check.project.write(".env", "DB_PASSWORD=zq\nSTAGE=a\n")

    read_environment(check.folder)

    assert "DB_PASSWORD in .env" in caplog.text
    assert "Use a longer value." in caplog.text
    assert "zq" not in caplog.text


def test_other_variables_of_dotenv_reach_the_libraries_unless_they_are_set(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    check.project.write(".env", "RUNFOREST_A=inside\nRUNFOREST_B=inside\n")
    monkeypatch.setenv("RUNFOREST_B", "outside")

    read_environment(check.folder)

    assert (os.environ["RUNFOREST_A"], os.environ["RUNFOREST_B"]) == ("inside", "outside")
