"""What earlier runs tell: why, reproduce, lineage and gc, through the command."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ARTICLE, REPOSITORY, Project, git, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project under git with two runs, the second from a dirty tree with another seed."""
    project = make_project(tmp_path_factory.mktemp("two") / "project", empty_store)
    project.configure(ARTICLE)
    shutil.copy2(REPOSITORY / ".gitignore", project.folder / ".gitignore")
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--message", "Start")
    assert project.run("--set", "RunConfig.run_name=first").code == 0
    path = project.folder / "src" / "tasks" / "preprocessor.py"
    replace(
        path, "    return table[is_labelled]", "    kept = table[is_labelled]\n    return kept[1:]"
    )
    project.write("src/tasks/extra.py", '"""A new file, not yet known to git."""\n')
    outcome = project.run("--set", "RunConfig.run_name=second", "--set", "Trainer.seed=1")
    assert outcome.code == 0, outcome.err
    return project


@pytest.fixture
def copy_of_two(two_runs: Project, tmp_path: Path) -> Callable[[], Project]:
    """Return a function that copies the project of two runs."""

    def copy() -> Project:
        shutil.copytree(two_runs.folder, tmp_path / "project", symlinks=True)
        return Project(tmp_path / "project")

    return copy


@pytest.fixture(scope="session")
def four_runs(two_runs: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy with two more runs: one with a further row, one with a pinned result."""
    folder = tmp_path_factory.mktemp("four") / "project"
    shutil.copytree(two_runs.folder, folder, symlinks=True)
    project = Project(folder)
    with (folder / "input" / "titanic" / "train.csv").open("a", encoding="utf-8") as file:
        file.write("9999,1,1,Nobody,male,20,0,0,1,1.0,,S\n")
    seed = ("--set", "Trainer.seed=1")
    outcome = project.run("--set", "RunConfig.run_name=third", *seed)
    assert outcome.code == 0, outcome.err
    pin = project.artifacts(project.top_runs()[1]).relative_to(folder) / "Preprocessor"
    pinned = ("--set", f"PathConfig.Preprocessor=./{pin}/", "--set", "RunConfig.run_name=fourth")
    outcome = project.run(*pinned, *seed)
    assert outcome.code == 0, outcome.err
    return project


def test_why_names_the_changed_ingredients_and_shows_the_code(two_runs: Project) -> None:
    outcome = two_runs.command("why", "first", "second")

    assert outcome.code == 0, outcome.err
    assert "code of tasks.preprocessor.drop_rows_without changed" in outcome.out
    assert "`seed` 0 -> 1" in outcome.out
    assert "+    return kept[1:]" in outcome.out


def test_why_of_one_run_compares_it_with_the_nearest_earlier_one(two_runs: Project) -> None:
    outcome = two_runs.command("why", "second", "--json")

    found = json.loads(outcome.out)
    assert found["old"]["name"] == "first"
    changed = {task["task"]: task["state"] for task in found["tasks"]}
    assert changed == {"Preprocessor": "changed", "Trainer": "changed", "Prediction": "changed"}


def test_why_prints_digests_rows_and_columns_of_changed_data(four_runs: Project) -> None:
    new = (four_runs.folder / "input" / "titanic" / "train.csv").read_bytes()
    old = b"".join(new.splitlines(keepends=True)[:-1])
    before, after = (hashlib.sha256(content).hexdigest()[:12] for content in (old, new))

    outcome = four_runs.command("why", "second", "third")
    as_json = json.loads(four_runs.command("why", "second", "third", "--json").out)

    words = f"{before} (891 rows, 12 columns) -> {after} (892 rows, 12 columns)"
    assert f"train_file changed: {words}" in outcome.out
    difference = as_json["tasks"][1]["differences"][0]
    assert "(891 rows, 12 columns) -> " in difference["text"]


def test_why_prints_what_a_pinned_task_is_pinned_to(four_runs: Project) -> None:
    outcome = four_runs.command("why", "second", "fourth")
    back = four_runs.command("why", "fourth", "second")

    assert "Preprocessor: pinned to ./mlruns/demo/" in outcome.out
    assert "Preprocessor: was pinned to ./mlruns/demo/" in back.out
    assert "removed" not in outcome.out


def test_why_passes_over_an_earlier_run_that_is_damaged(four_runs: Project, tmp_path: Path) -> None:
    shutil.copytree(four_runs.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    second = project.artifacts(project.top_runs()[2]).relative_to(four_runs.folder)
    damaged = project.folder / second / "Preprocessor" / "manifest.json"
    damaged.unlink()
    damaged.write_text("{")

    outcome = project.command("why", "third", "--json")

    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["old"]["name"] == "first"
    assert "Run second is passed over" in outcome.err


def test_records_that_cannot_be_read_are_refused_and_passed_over_as_an_earlier_run(
    copy_of_two: Callable[[], Project],
) -> None:
    project = copy_of_two()
    project.command("gc", "--failed")  # the store follows the move
    second, first = project.top_runs()
    file = project.artifacts(first) / "config" / "effective.toml"
    file.write_text(file.read_text().replace("reuse = true", "reuse = ***"))
    commit = project.artifacts(second) / "code" / "commit.json"
    commit.write_text(commit.read_text().replace("true", "***"))

    compared = project.command("why", "first", "second")
    nearest = project.command("why", "second")
    done_again = project.command("reproduce", "second")

    assert (compared.code, nearest.code, done_again.code) == (2, 2, 2), done_again.err
    assert "Run first is passed over" in nearest.err
    assert "Name two runs" in nearest.err
    for outcome, damaged in ((compared, file), (done_again, commit)):
        assert f"{damaged}, a record of run" in outcome.err
        assert "Repair the file, or delete the run on its page." in outcome.err
        assert "Traceback" not in outcome.err


def test_why_takes_two_runs_at_most(two_runs: Project) -> None:
    outcome = two_runs.command("why", "first", "second", "third")

    assert outcome.code == 2
    assert "usage: runforest" in outcome.err
    assert "third" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["why", "nothing-like-it"], "Give a run id"),
        (["reproduce", "nothing-like-it"], "Give a run id"),
        (["why", "first"], "why RUN_A RUN_B"),
        (["gc", "--older-than", "soon"], "--older-than 30d"),
        (["gc", "--delete"], "--older-than 30d, --failed, --keep 5"),
    ],
    ids=["why", "reproduce", "no earlier run", "age", "no condition"],
)
def test_a_wrong_reference_has_a_remedy(
    two_runs: Project, arguments: list[str], remedy: str
) -> None:
    outcome = two_runs.command(*arguments)

    assert outcome.code == 2
    assert remedy in outcome.err
    assert "Traceback" not in outcome.err


def test_a_run_of_another_program_is_refused(copy_of_two: Callable[[], Project]) -> None:
    project = copy_of_two()
    assert project.command("gc", "--failed").code == 0
    client = project.client
    experiment = client.get_experiment_by_name("demo").experiment_id
    run = client.create_run(experiment, run_name="foreign")
    client.set_terminated(run.info.run_id)

    outcome = project.command("why", "foreign")

    assert outcome.code == 2
    assert "another program" in outcome.err
    assert "Name a run with results." in outcome.err


def test_a_run_from_a_dirty_tree_is_reproduced(two_runs: Project) -> None:
    outcome = two_runs.command("reproduce", "second")

    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.out.splitlines()[-1] == "second: reproduced"
    assert outcome.out.count("same bytes") == 3
    assert len(two_runs.top_runs()) == 2
    assert git(two_runs.folder, "worktree", "list").count("\n") == 0


def test_an_input_that_changed_cannot_be_reproduced(copy_of_two: Callable[[], Project]) -> None:
    project = copy_of_two()
    replace(project.folder / "input" / "titanic" / "train.csv", "1,0,3,", "1,1,3,")

    outcome = project.command("reproduce", "second")

    assert outcome.code == 2
    assert "changed since run second" in outcome.err
    assert "Put back the file" in outcome.err


def test_a_commit_that_is_gone_is_named(copy_of_two: Callable[[], Project]) -> None:
    project = copy_of_two()
    shutil.rmtree(project.folder / ".git")
    git(project.folder, "init", "--quiet")

    outcome = project.command("reproduce", "second")

    assert outcome.code == 2
    assert "git fetch --all" in outcome.err


def test_another_environment_is_refused_on_demand(copy_of_two: Callable[[], Project]) -> None:
    project = copy_of_two()
    path = project.artifacts(project.top_runs()[0]) / "environment" / "requirements.txt"
    project.command("gc", "--failed")
    path = next(
        (project.folder / "mlruns" / "demo").glob(
            f"{path.parts[-4]}/artifacts/environment/requirements.txt"
        )
    )
    path.write_text(path.read_text() + "left-pad==1.0\n")

    outcome = project.command("reproduce", "second", "--strict")

    assert outcome.code == 2
    assert "recorded left-pad==1.0" in outcome.err
    assert "leave out --strict" in outcome.err


def test_lineage_leads_from_the_raw_file_to_the_prediction(two_runs: Project) -> None:
    run = two_runs.top_runs()[0]
    artifacts = two_runs.artifacts(run)
    lineage = json.loads((artifacts / "lineage.json").read_text())

    results = {result["task"]: result for result in lineage["results"]}
    assert lineage["commit"] == git(two_runs.folder, "rev-parse", "HEAD")
    assert lineage["dirty"] is True
    assert set(results["Preprocessor"]["inputs"]) == {"train_file", "test_file"}
    assert results["Trainer"]["upstream"] == {"0.Preprocessor": results["Preprocessor"]["content"]}
    assert results["Preprocessor"]["content"] in (artifacts / "lineage.html").read_text()


def test_lineage_names_pinned_and_reused_results_and_whether_their_code_was_committed(
    four_runs: Project,
) -> None:
    fourth, _, second, _ = four_runs.top_runs()
    moved = [four_runs.folder / "mlruns" / "demo" / run.info.run_id for run in (fourth, second)]
    artifacts, pinned = (folder / "artifacts" for folder in moved)
    results = json.loads((artifacts / "lineage.json").read_text())["results"]
    page = (artifacts / "lineage.html").read_text()

    found = {one["task"]: (one["computed_by"], one["reused"], one["dirty"]) for one in results}

    origin = second.info.run_id
    assert found["Preprocessor"] == (origin, False, True)
    assert found["Trainer"] == (origin, True, True)
    assert f"pinned to <code>{pinned / 'Preprocessor'}</code>, computed in run" in page
    assert "computed in this run" not in page
    assert page.count("with local changes") == 4


def test_lineage_names_local_changes_where_the_records_of_their_run_are_gone(
    copy_of_two: Callable[[], Project],
) -> None:
    project = copy_of_two()
    project.command("gc", "--failed")  # the store follows the move
    (project.artifacts(project.top_runs()[0]) / "code" / "commit.json").unlink()

    outcome = project.run("--set", "Trainer.seed=1")

    assert outcome.code == 0, outcome.err
    artifacts = project.artifacts(project.top_runs()[0])
    results = json.loads((artifacts / "lineage.json").read_text())["results"]
    page = (artifacts / "lineage.html").read_text()
    assert {one["dirty"] for one in results} == {True}
    assert page.count("</code> with local changes") == 4  # that of the run itself, too


def test_gc_prints_what_it_would_delete_and_deletes_on_demand(
    copy_of_two: Callable[[], Project],
) -> None:
    project = copy_of_two()

    said = project.command("gc", "--keep", "1")
    n_said = len(project.top_runs())
    done = project.command("gc", "--keep", "1", "--delete")

    assert said.code == done.code == 0, said.err + done.err
    assert "would delete" in said.out
    assert n_said == 2
    assert [run.info.run_name for run in project.top_runs()] == ["second"]
    assert len(list((project.folder / "mlruns" / "demo").iterdir())) == 1
    assert project.run("--plan", "--exit-code", "--set", "Trainer.seed=1").code == 0


def test_gc_spares_a_run_that_another_is_pinned_to(copy_of_two: Callable[[], Project]) -> None:
    project = copy_of_two()
    first = project.top_runs()[1].info.run_id
    pin = f"./mlruns/demo/{first}/artifacts/Preprocessor/"
    assert project.run("--set", f"PathConfig.Preprocessor={pin}").code == 0

    outcome = project.command("gc", "--keep", "1")

    assert first not in outcome.out
    assert "would delete" in outcome.out
