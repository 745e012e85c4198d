"""The recorded commit and diff give back the work tree, byte for byte."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from runforest.provenance.git import MAX_UNTRACKED_BYTES, read_commit
from runforest.provenance.snapshot import Snapshot, write_snapshot
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
    assert commit is not None
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

    assert commit is not None
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
    (tree / "image.bin").write_bytes(bytes(range(256)))
    (tree / "run.sh").chmod(0o755)
    commit = read_commit(tree)

    clone = restore(tree, tmp_path)

    assert commit is not None
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

    assert commit is not None
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

    assert commit is not None
    assert not commit.is_dirty


def test_large_new_files_are_named_instead_of_copied(tree: Path) -> None:
    (tree / "data.bin").write_bytes(bytes(MAX_UNTRACKED_BYTES + 1))

    commit = read_commit(tree)

    assert commit is not None
    assert commit.left_out == ("data.bin",)
    assert commit.is_dirty
    assert commit.diff == ""


def test_a_folder_without_a_commit_has_none(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)

    assert read_commit(tmp_path) is None
    assert read_commit(tmp_path / "..") is None
