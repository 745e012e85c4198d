"""Records that lead elsewhere: a run is not done again, and nothing outside its folder changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import Layout
from runforest.history import gc
from runforest.history.needed_runs import exclude_required
from runforest.history.redo import code_of_run, recorded_inputs, redo
from runforest.tracking.exchange import places
from runforest.tracking.recorded_run import RecordedRun
from runforest.tracking.tags import RESULT_TAG
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = '[RunConfig]\ntask = "T"\n[PathConfig]\ninput = "./input"\n{} = "runs:/0/T"\n'


def recorded(artifacts: Path | str, run_id: str = "r1", **tags: str) -> RecordedRun:
    return RecordedRun(
        run_id=run_id,
        name=run_id,
        status="FINISHED",
        experiment_id="1",
        started_ms=0,
        metrics={},
        params={"T.file": "input/../../outside.csv"},
        tags=tags,
        artifact_uri=str(artifacts),
    )


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    """Return a run whose records say where the project lay."""
    for folder in ("code", "config", "T"):
        (tmp_path / "artifacts" / folder).mkdir(parents=True)
    record = tmp_path / "artifacts" / "config" / "project.toml"
    record.write_text(f'project = "{tmp_path / "project"}"\n')
    (tmp_path / "project").mkdir()
    return recorded(tmp_path / "artifacts")


@pytest.mark.parametrize("name", ["../../../../../precious", "..", "/precious", "C:precious"])
def test_a_pin_whose_name_leads_elsewhere_is_not_downloaded(
    run: RecordedRun, tmp_path: Path, name: str
) -> None:
    (tmp_path / "precious").mkdir()
    text = CONFIG.format(json.dumps(name))
    (run.artifacts / "config" / "effective.toml").write_text(text)
    (tmp_path / "code" / "deep").mkdir(parents=True)

    with pytest.raises(ArtifactError, match="Use a relative path"):
        redo(run, tmp_path / "code" / "deep", tmp_path / "project")

    assert (tmp_path / "precious").is_dir()


@pytest.mark.parametrize("folder", ["../../precious/", "/precious/", "..\\precious/"])
def test_a_folder_of_the_project_that_leads_elsewhere_is_not_where_a_run_is_done_again(
    run: RecordedRun, tmp_path: Path, folder: str
) -> None:
    project = tmp_path / "project"
    git(project, "init", "-q")
    git(project, "commit", "-q", "--allow-empty", "-m", "first")
    commit = {"commit": git(project, "rev-parse", "HEAD"), "folder": folder}
    (run.artifacts / "code" / "commit.json").write_text(json.dumps(commit))

    with pytest.raises(ArtifactError, match="Use a relative path"), code_of_run(run, project):
        pass


def test_a_commit_that_is_an_option_of_git_is_refused(run: RecordedRun, tmp_path: Path) -> None:
    commit = {"commit": "--reason=x", "folder": ""}
    (run.artifacts / "code" / "commit.json").write_text(json.dumps(commit))

    with (
        pytest.raises(ArtifactError, match="Name another run"),
        code_of_run(run, tmp_path / "project"),
    ):
        pass


def test_an_input_that_leads_out_of_the_project_is_none_of_the_project(
    run: RecordedRun, tmp_path: Path
) -> None:
    manifest = {"task": "T", "fingerprint": "feed", "outputs": {}, "version": 4}
    manifest["ingredients"] = {"inputs": {"file": "00"}}
    (run.artifacts / "T" / "manifest.json").write_text(json.dumps(manifest))

    (one,) = recorded_inputs(run, tmp_path / "project")

    assert one.path == tmp_path / "outside.csv"


@pytest.mark.parametrize("run_id", ["titanic", ".runforest", "..", "", "../precious"])
def test_only_the_folder_of_a_run_is_deleted_with_it(tmp_path: Path, run_id: str) -> None:
    layout = Layout(tmp_path)
    for folder in (layout.index, layout.output / "titanic" / "artifacts", tmp_path / "precious"):
        folder.mkdir(parents=True)
    before = set(tmp_path.rglob("*"))

    for uri in (layout.output / run_id / "artifacts", "s3://bucket/1"):
        gc._delete_folder(recorded(uri, run_id), layout)

    assert set(tmp_path.rglob("*")) == before


def test_a_run_that_cannot_be_read_here_needs_each_run_with_an_equal_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    places._failed.clear()
    equal, other = {f"{RESULT_TAG}feed": "T"}, {f"{RESULT_TAG}beef": "T"}
    unreadable = [recorded(f"s3://bucket/{name}", name, **equal) for name in ("a", "b")]
    origin, free = recorded(tmp_path, "origin", **equal), recorded(tmp_path, "free", **other)

    doomed = exclude_required([*unreadable, origin, free], [origin, free], (), tmp_path)

    assert doomed == [free]
    assert len(caplog.records) == 1
    assert "Run a is passed over" in caplog.text
