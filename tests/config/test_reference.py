"""The reference page: every key of every table, and the copy in docs/ up to date."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runforest.config.check import task_names
from runforest.config.model import TABLES
from runforest.config.parameter_values import value_problem
from runforest.config.reference import FIRST_DAY, reference_page
from runforest.launch.experiment.project_tasks import import_tasks

if TYPE_CHECKING:
    from conftest import Check

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page() -> str:
    import_tasks(REPOSITORY)
    return reference_page()


def test_the_page_in_docs_is_the_one_that_the_code_makes(page: str) -> None:
    stored = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert stored == page, "make it anew: runforest reference > docs/configuration.md"


def test_every_table_has_a_section(page: str) -> None:
    sections = re.findall(r"^## \[(\w+)\]$", page, re.MULTILINE)

    assert sections == [*TABLES, *task_names()]


def test_the_few_keys_of_the_first_day_come_before_all_others(page: str) -> None:
    first, _, later = page.partition("\n# Later\n")

    rows = re.findall(r"^\| `\[(\w+)\] (\w+)` \|", first, re.MULTILINE)
    assert rows == [(table, key) for table, keys in FIRST_DAY.items() for key in keys]
    assert len(rows) <= 12
    assert "## [" not in first
    assert {f"## [{table}]" for table in FIRST_DAY} <= set(later.splitlines())


def test_the_file_of_the_first_day_is_a_whole_experiment(page: str, check: Check) -> None:
    example = page.partition("```toml\n")[2].partition("```")[0]
    check.configure(example)
    folder = check.folder / "input"
    files = folder.rename(check.folder / "files")
    folder.mkdir()
    files.rename(folder / "mydata")

    experiment = check.load()

    assert set(tomllib.loads(example)) == {"RunConfig", "PathConfig"}
    assert experiment.settings.dataset.n_rows == 20
    assert [task.task_family for task in experiment.tasks][-1] == "Experiment"


def test_the_own_data_of_the_readme_is_that_of_the_first_day(page: str) -> None:
    example = page.partition("```toml\n")[2].partition("```")[0]

    assert example in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_key_of_every_table_is_listed_with_its_meaning(page: str) -> None:
    from luigi.task_register import Register

    expected = {(table, key) for table, model in TABLES.items() for key in model.model_fields}
    for name in task_names():
        keys = {key for key, _ in Register.get_task_cls(name).get_params()} - {"active_run"}
        expected |= {(name, key) for key in keys}

    rows = {
        (section.partition("]")[0], key)
        for section in page.split("## [")[1:]
        for key, meaning in re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE)
        if meaning.strip()
    }
    assert rows == expected


def test_a_default_can_be_copied_into_the_configuration(page: str) -> None:
    from luigi.task_register import Register

    defaults = {
        (section.partition("]")[0], key): default
        for section in page.split("## [")[1:]
        for key, default in re.findall(r"^\| `(\w+)` \|.*\| `([^|]+)` \|", section, re.MULTILINE)
    }
    values = {at: tomllib.loads(f"key = {default}")["key"] for at, default in defaults.items()}

    problems = {
        (name, key): value_problem(dict(Register.get_task_cls(name).get_params())[key], value)
        for (name, key), value in values.items()
        if name not in TABLES
    }
    assert set(problems.values()) == {None}
    assert values["Trainer", "params"] == {}
    assert values["RunConfig", "reuse"] is True


def test_a_default_of_another_table_names_a_key_that_is_there(page: str) -> None:
    sources = re.findall(r"^\|[^|]*\|[^|]*\| `(\w+)` of \[(\w+)\]", page, re.MULTILINE)

    assert set(sources) >= {("train", "Dataset"), ("test", "Dataset"), ("params", "Trainer")}
    for key, section in sources:
        own = page.partition(f"## [{section}]")[2].partition("\n## [")[0]
        assert f"\n| `{key}` |" in own


def test_the_description_of_a_table_is_printed(page: str) -> None:
    section = page.partition("## [PathConfig]")[2].partition("\n## [")[0]

    assert "the name of a task" in section
    assert "runs:/RUN_ID/Preprocessor" in section


def test_every_row_has_as_many_cells_as_the_head(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("|")]

    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def test_every_key_of_the_data_set_is_used_on_the_page_of_data() -> None:
    page = (REPOSITORY / "docs" / "data.md").read_text(encoding="utf-8")

    keys = TABLES["Dataset"].model_fields

    unused = {key for key in keys if not re.search(rf"\b{key} =|\[Dataset\.{key}\]|`{key}`", page)}
    assert unused == set()
