"""Results of a store are downloaded once, and verified each time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import mlflow
import pytest

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import Layout
from runforest.results.digests import DigestCache, file_digest
from runforest.results.manifest import Manifest, OutputFile, read_manifest, write_manifest
from runforest.tracking.exchange.download import download_result
from runforest.tracking.exchange.store_results import StoreResults
from runforest.tracking.tags import RESULT_TAG
from tests.conftest import free_port
from tests.tracking.conftest import local

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runforest.results.index import Result
    from tests.tracking.conftest import RecordedRun, Records


def commit_result(folder: Path, reused_from: str | None = None) -> Path:
    """Write a result of one file; of a reused one, the manifest alone."""
    folder.mkdir(parents=True)
    file = folder / "table.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    output = OutputFile(size_bytes=file.stat().st_size, sha256=file_digest(file))
    manifest = Manifest(
        task="Tuner",
        fingerprint="feed",
        ingredients={},
        outputs={file.name: output},
        reused_from=reused_from,
    )
    write_manifest(folder, manifest)
    if reused_from:
        file.unlink()
    return folder


def with_result(records: Records) -> RecordedRun:
    """Return a run of the store that holds a result."""
    recorded = records.open()
    commit_result(recorded.run.artifacts / "Tuner")
    recorded.client.set_tag(recorded.opened.run_id, f"{RESULT_TAG}feed", "Tuner")
    return recorded


def download(source: Path, destination: Path) -> Path:
    """Download a result, with digests of its own."""
    digests = DigestCache(destination.with_suffix(".txt"))
    download_result(str(source), destination, digests, check=None)
    return destination


def find(records: RecordedRun) -> Result | None:
    """Look for the result in the store of a run, as another project does."""
    layout = Layout(records.project)
    return StoreResults(uri=mlflow.get_tracking_uri(), layout=layout).find("feed")


def change(file: Path) -> None:
    file.chmod(0o644)
    file.write_text("a,b\n1,3\n", encoding="utf-8")


def tear_manifest(file: Path) -> None:
    manifest = file.with_name("manifest.json")
    manifest.chmod(0o644)
    manifest.write_text("{", encoding="utf-8")


@local
@pytest.mark.parametrize("damage", [change, lambda file: file.unlink(), tear_manifest])
def test_a_downloaded_result_that_was_damaged_is_fetched_again(
    records: Records, damage: Callable[[Path], None]
) -> None:
    recorded = with_result(records)
    before = find(recorded)
    assert before is not None
    damage(before.folder / "table.csv")

    after = find(recorded)

    assert after == before
    assert (after.folder / "table.csv").read_text() == "a,b\n1,2\n"


@local
def test_a_downloaded_result_is_read_once_and_then_known_by_its_file(records: Records) -> None:
    recorded = with_result(records)

    result = find(recorded)

    assert result is not None
    inode = (result.folder / "table.csv").stat().st_ino
    assert f":{inode}:" in Layout(recorded.project).digests.read_text()


def test_several_that_want_one_result_at_once_all_get_it(tmp_path: Path) -> None:
    source = commit_result(tmp_path / "source")
    destination = tmp_path / "cache" / "Tuner"

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: download(source, destination), range(8)))

    assert folders == [destination] * 8
    assert read_manifest(destination) == read_manifest(source)
    assert not list(destination.parent.glob("*.draft"))


def test_a_download_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    source = commit_result(tmp_path / "source")
    destination = tmp_path / "cache" / "Tuner"
    code = (
        "import os, shutil, sys, pathlib; from runforest.tracking.exchange import download;"
        "shutil.copyfile = lambda *_: os._exit(9);"
        "download.download_result(sys.argv[1], pathlib.Path(sys.argv[2]), None, check=None)"
    )
    killed = subprocess.run([sys.executable, "-c", code, source, destination], check=False)
    left = list(destination.parent.glob("*draft"))

    download(source, destination)

    assert killed.returncode == 9
    assert len(left) == 1
    assert {path.name for path in destination.parent.iterdir()} == {
        "Tuner",
        "Tuner.lock",
        "Tuner.txt",
    }


@local
def test_a_reused_result_is_fetched_from_the_folder_that_its_task_had(records: Records) -> None:
    origin, run = records.open(), records.open()
    commit_result(origin.run.artifacts / "Tuner-seed=1")
    origin.tell("committed", {"task": "Tuner-seed=1", "duration_s": 1, "fingerprint": "feed"})
    origin.record()
    pointer = commit_result(run.run.artifacts / "Tuner", reused_from=origin.opened.run_id)

    folder = download(pointer, run.project / "cache" / "Tuner")

    assert (folder / "table.csv").read_text() == "a,b\n1,2\n"


@local
def test_of_equal_results_of_a_run_the_computed_one_is_fetched(records: Records) -> None:
    recorded = records.open()
    run_id = recorded.opened.run_id
    commit_result(recorded.run.artifacts / "Tuner")
    commit_result(recorded.run.artifacts / "Twin", reused_from=run_id)
    recorded.tell("committed", {"task": "Tuner", "duration_s": 1, "fingerprint": "feed"})
    reused = {"fingerprint": "feed", "reused_from": run_id, "metrics": {}, "params": {}}
    recorded.tell("reused", {"task": "Twin"} | reused)
    recorded.record()

    result = find(recorded)

    assert result is not None
    assert (result.folder / "table.csv").read_text() == "a,b\n1,2\n"


@local
def test_a_result_whose_files_were_removed_with_their_run_is_refused(records: Records) -> None:
    recorded = records.open()
    pointer = commit_result(recorded.run.artifacts / "Tuner", reused_from="0" * 32)

    with pytest.raises(ArtifactError, match="name another result"):
        download(pointer, recorded.project / "cache" / "Tuner")


def test_a_store_that_does_not_answer_has_no_results_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    source = StoreResults(uri=f"http://127.0.0.1:{free_port()}", layout=Layout(tmp_path))

    found = [source.find("feed"), source.find("feed")]

    assert found == [None, None]
    assert len(caplog.records) == 1
    assert "cannot be looked for" in caplog.text
