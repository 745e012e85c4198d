"""The recorded commit and diff give back the code of the work tree, byte for byte, without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.provenance.git import read_commit
from runforest.provenance.snapshot import Snapshot, write_snapshot
from runforest.provenance.sources import MAX_FILE_BYTES, MAX_TOTAL_BYTES
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a work tree with one commit."""
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "model.py").write_text("DEPTH = 3\n")
    (folder / "src" / "old.py").write_text("OLD = True\n")
    (folder / "latin.txt").write_bytes("Zür\n".encode("latin-1"))
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "image.bin").write_bytes(bytes(range(9)))
    (folder / "rows.csv").write_bytes(b"a,b\n" + b"1,2\n" * 10)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Start")
    return folder


def files(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Return content and executability of each file, by its path."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def restore(tree: Path, scratch: Path) -> Path:
    """Return a fresh clone of the recorded commit with the recorded diff applied."""
    commit = read_commit(tree)
    records = scratch / "records"
    write_snapshot(
        records,
        Snapshot(
            project=tree, config_files=(), settings=(), effective={}, commit=commit, secrets=()
        ),
    )
    clone = scratch / "clone"
    git(scratch, "clone", "--quiet", str(tree), str(clone))
    git(clone, "checkout", "--quiet", commit.sha)
    git(clone, "apply", "--binary", str(records / "code" / "diff.patch"))
    return clone


def test_a_clean_tree_is_its_commit(tree: Path) -> None:
    commit = read_commit(tree)

    assert commit.sha == git(tree, "rev-parse", "HEAD")
    assert commit.branch == git(tree, "rev-parse", "--abbrev-ref", "HEAD")
    assert not commit.is_dirty
    assert commit.diff == ""


def test_a_changed_tree_is_restored_from_commit_and_diff(tree: Path, tmp_path: Path) -> None:
    (tree / "src" / "model.py").write_text("DEPTH = 4\n")
    (tree / "src" / "new task.py").write_text("NEW = 'ü'\n", encoding="utf-8")
    (tree / "src" / "[odd]*.py").write_text("ODD = 1\n")
    (tree / "src" / "staged.py").write_text("STAGED = 1\n")
    git(tree, "add", "src/staged.py")
    (tree / "src" / "old.py").unlink()
    (tree / "latin.txt").write_bytes("Zürich\n".encode("latin-1"))
    (tree / "rows.csv").write_bytes(b"a,b\n")
    (tree / "ignored.py").write_text("IGNORED = 0\n")
    (tree / ".gitignore").write_text("ignored.py\n")
    git(tree, "add", "--force", "ignored.py")
    (tree / "image.bin").write_bytes(bytes(range(256)))
    (tree / "run.sh").chmod(0o755)
    (tree / "alias.py").symlink_to("run.sh")
    commit = read_commit(tree)

    clone = restore(tree, tmp_path)

    assert commit.is_dirty
    assert files(clone) == files(tree)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("diff.context", "0"),
        ("status.relativePaths", "false"),
        ("status.showUntrackedFiles", "no"),
    ],
)
def test_the_users_taste_in_diffs_does_not_matter(
    tree: Path, tmp_path: Path, key: str, value: str
) -> None:
    git(tree, "config", key, value)
    (tree / "src" / "model.py").write_text("DEPTH = 4\n")
    (tree / "src" / "new.py").write_text("NEW = 1\n")

    clone = restore(tree, tmp_path)

    assert files(clone) == files(tree)


def test_reading_leaves_the_repository_as_it_is(tree: Path) -> None:
    (tree / "src" / "model.py").write_text("DEPTH = 4\n")
    (tree / "src" / "new.py").write_text("NEW = 1\n")
    before = (git(tree, "status", "--porcelain"), git(tree, "count-objects", "-v"))

    read_commit(tree)

    assert (git(tree, "status", "--porcelain"), git(tree, "count-objects", "-v")) == before


def test_a_project_in_a_folder_of_the_repository_is_restored(tree: Path, tmp_path: Path) -> None:
    (tree / "src" / "model.py").write_text("DEPTH = 4\n")
    (tree / "outside.py").write_text("OUTSIDE = 1\n")

    commit = read_commit(tree / "src")

    patch = tmp_path / "diff.patch"
    patch.write_text(commit.diff)
    git(tree, "stash", "--quiet", "--include-untracked")
    git(tree, "apply", str(patch))
    assert (tree / "outside.py").read_text() == "OUTSIDE = 1\n"
    assert (tree / "src" / "model.py").read_text() == "DEPTH = 4\n"


def test_output_is_no_source(tree: Path) -> None:
    (tree / "mlruns").mkdir()
    (tree / "mlruns" / "mlflow.db").write_bytes(b"rows")

    commit = read_commit(tree)

    assert not commit.is_dirty


def test_new_files_that_are_no_code_are_named_with_their_sizes(tree: Path) -> None:
    contents = {
        "input/people.txt": b"Ada\n",
        "src/tasks/new.py": b"NEW = 1\n",
        "notes/rows.csv": b"a\n1\n",
        "image2.bin": bytes(range(256)),
        ".env": b"API_TOKEN=hunter2\n",
        ".env.prod": b"API_TOKEN=hunter3\n",
        ".env.example": b"API_TOKEN=\n",
        "deploy.pem": b"key\n",
        "large.txt": b"line\n" * (MAX_FILE_BYTES // 5 + 1),
    }
    for name, content in contents.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)

    commit = read_commit(tree)

    recorded = {"src/tasks/new.py", ".env.example"}
    assert commit.left_out == {
        name: len(content) for name, content in contents.items() if name not in recorded
    }
    assert commit.diff.count("diff --git") == 2
    assert commit.is_dirty
    assert "large.txt (1.0 MB)" in commit.note
    assert "Commit what is code, and name data in .gitignore." in commit.note


def test_many_small_files_are_recorded_up_to_a_total(tree: Path) -> None:
    size = MAX_FILE_BYTES - 10
    for number in range(14):
        (tree / f"text{number:02}.txt").write_bytes(b"0123456789abcde\n" * (size // 16))

    commit = read_commit(tree)

    assert len(commit.left_out) == 4
    assert len(commit.diff) < 1.2 * MAX_TOTAL_BYTES


@pytest.mark.parametrize("change", ["edited", "deleted", "staged"])
def test_the_change_of_a_large_committed_file_is_named_and_not_copied(
    tree: Path, change: str
) -> None:
    data = tree / "data.txt"
    data.write_bytes(b"row\n" * (MAX_FILE_BYTES // 4 + 1))
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "Data")
    if change == "deleted":
        data.unlink()
    else:
        data.write_bytes(b"other\n")
    if change == "staged":
        git(tree, "add", "--all")
    (tree / "src" / "model.py").write_text("DEPTH = 4\n")

    commit = read_commit(tree)

    assert list(commit.left_out) == ["data.txt"]
    assert "DEPTH" in commit.diff
    assert "row" not in commit.diff


def test_a_repository_within_is_named(tree: Path) -> None:
    (tree / "within").mkdir()
    git(tree / "within", "init", "--quiet")

    assert read_commit(tree).left_out == {"within/": 0}


def test_a_folder_without_a_repository_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    commit = read_commit(tmp_path)

    assert (commit.sha, commit.is_dirty) == ("", False)
    assert "in no git repository. Run `git init`" in commit.note


def test_a_repository_without_a_commit_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert "has no commit yet. Commit the code." in read_commit(tmp_path).note


def test_the_problem_of_a_repository_of_another_user_has_the_advice_of_git(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    commit = read_commit(tree)

    assert commit.sha == ""
    assert "belongs to another user" in commit.problem
    assert f"Run `git config --global --add safe.directory {tree}`." in commit.problem


def test_a_machine_without_git_is_a_problem_with_a_remedy(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert "git is not installed. Install it." in read_commit(tree).note
