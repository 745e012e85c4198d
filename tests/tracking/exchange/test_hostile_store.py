"""What anybody may write into a shared store: nothing outside the cache changes, no code runs."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer
from skops import io

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import Layout
from runforest.results.digests import DigestCache, file_digest
from runforest.tracking.exchange import places
from runforest.tracking.exchange.download import download_records, download_result
from runforest.tracking.exchange.store_results import StoreResults
from runforest.tracking.tags import RESULT_TAG
from tests.tracking.conftest import local

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runforest.results.index import Result
    from tests.tracking.conftest import RecordedRun, Records

pytestmark = local

ELSEWHERE = ["../../../../precious", "..", ".", "C:precious", "..\\precious"]
PLAIN_MODEL = """\
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.skops, env: {}}
  sklearn: {pickled_model: model.skops, serialization_format: skops, code: null}
"""


def write_result(folder: Path, **fields: object) -> Path:
    """Write a manifest for all that lies in a folder, with some fields as a stranger likes."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = {
        path.relative_to(folder).as_posix(): {
            "size_bytes": path.stat().st_size,
            "sha256": file_digest(path),
        }
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    content = {"task": "Tuner", "fingerprint": "feed", "ingredients": {}, "outputs": outputs}
    manifest = json.dumps(content | {"version": 4} | fields)
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return folder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Return a folder beside the project that looks like a result itself."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "secret.txt").write_text("secret")
    return write_result(tmp_path / "precious")


@pytest.fixture
def recorded(records: Records, precious: Path) -> RecordedRun:
    """Return a run of the store that holds a result of one file."""
    assert precious.is_dir()
    places._failed.clear()
    recorded = records.open()
    folder = recorded.run.artifacts / "Tuner"
    folder.mkdir(parents=True)
    (folder / "table.csv").write_text("a\n1\n")
    write_result(folder)
    set_tag(recorded, "Tuner")
    return recorded


def set_tag(recorded: RecordedRun, name: str) -> None:
    recorded.client.set_tag(recorded.opened.run_id, f"{RESULT_TAG}feed", name)


def change_runs(recorded: RecordedRun, column: str, value: str) -> None:
    """Change the run in the store in a way that MLflow would refuse."""
    with sqlite3.connect(recorded.project / "mlruns" / "mlflow.db") as database:
        database.execute(f"UPDATE runs SET {column} = ?", (value,))  # noqa: S608
        if column == "run_uuid":
            database.execute("UPDATE tags SET run_uuid = ?", (value,))
    database.close()


def find(recorded: RecordedRun, *, trusts_code: bool = False) -> Result | None:
    uri, layout = mlflow.get_tracking_uri(), Layout(recorded.project)
    return StoreResults(uri=uri, layout=layout, trusts_code=trusts_code).find("feed")


def surroundings(recorded: RecordedRun) -> dict[Path, object]:
    """Return mode and content of everything outside the cache and the database."""
    own = Layout(recorded.project).downloads.parent
    return {
        path: (path.lstat().st_mode, path.is_file() and path.read_bytes())
        for path in recorded.project.rglob("*")
        if own not in path.parents and path != own and "mlflow" not in path.name
    }


def absolute(precious: Path, name: str) -> str:
    return str(precious) if name == "absolute" else name


@pytest.mark.parametrize("name", [*ELSEWHERE, "absolute"])
@pytest.mark.parametrize("has_manifest", [True, False])
def test_a_tag_that_leads_elsewhere_is_no_result(
    recorded: RecordedRun,
    precious: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    *,
    has_manifest: bool,
) -> None:
    if not has_manifest:
        (precious / "manifest.json").unlink()
    set_tag(recorded, absolute(precious, name))
    before = surroundings(recorded)

    found = [find(recorded), find(recorded)]

    assert found == [None, None]
    assert surroundings(recorded) == before
    assert len(caplog.records) == 1
    assert "is not used" in caplog.text


@pytest.mark.parametrize("name", [*ELSEWHERE, "absolute"])
def test_a_run_id_that_leads_elsewhere_names_no_folder(
    recorded: RecordedRun, precious: Path, name: str
) -> None:
    change_runs(recorded, "run_uuid", absolute(precious, name))
    before = surroundings(recorded)

    result = find(recorded)

    assert result is not None
    assert result.folder == Layout(recorded.project).downloads / "feed"
    assert surroundings(recorded) == before


@pytest.mark.parametrize("name", [*ELSEWHERE, "absolute", "manifest.json", "table.csv/deeper"])
@pytest.mark.parametrize("field", ["outputs", "empty_folders"])
def test_an_output_or_an_empty_folder_that_leads_elsewhere_is_no_result(
    recorded: RecordedRun, precious: Path, field: str, name: str
) -> None:
    name = absolute(precious / "secret.txt", name)
    folder = recorded.run.artifacts / "Tuner"
    content = json.loads((folder / "manifest.json").read_text())
    one = {"size_bytes": 6, "sha256": file_digest(precious / "secret.txt")}
    outputs = content["outputs"] | {name: one} if field == "outputs" else [name]
    write_result(folder, **{field: outputs})
    before = surroundings(recorded)

    assert find(recorded) is None
    assert surroundings(recorded) == before


def link_file(folder: Path, precious: Path) -> None:
    (folder / "secret.txt").symlink_to(precious / "secret.txt")
    write_result(folder)


def link_folder_of_file(folder: Path, precious: Path) -> None:
    (folder / "linked").symlink_to(precious)
    outputs = {
        "linked/secret.txt": {"size_bytes": 6, "sha256": file_digest(precious / "secret.txt")}
    }
    write_result(folder, outputs=outputs)


def link_result(folder: Path, precious: Path) -> None:
    folder.rename(folder.with_name("aside"))
    folder.symlink_to(precious)


def link_manifest(folder: Path, precious: Path) -> None:
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").symlink_to(precious / "manifest.json")


@pytest.mark.parametrize(
    "link",
    [link_file, link_folder_of_file, link_result, link_manifest],
    ids=lambda one: one.__name__,
)
def test_a_link_that_leads_out_of_a_result_is_not_followed(
    recorded: RecordedRun, precious: Path, link: Callable[[Path, Path], None]
) -> None:
    link(recorded.run.artifacts / "Tuner", precious)
    before = surroundings(recorded)

    assert find(recorded) is None
    assert surroundings(recorded) == before


def test_only_the_files_of_the_manifest_are_copied(recorded: RecordedRun, precious: Path) -> None:
    folder = recorded.run.artifacts / "Tuner"
    (folder / "extra.txt").write_text("extra")
    (folder / "link").symlink_to(precious)
    os.mkfifo(folder / "pipe")

    result = find(recorded)

    assert result is not None
    assert {path.name for path in result.folder.iterdir()} == {"manifest.json", "table.csv"}


def test_a_result_of_another_fingerprint_is_not_used(recorded: RecordedRun) -> None:
    write_result(recorded.run.artifacts / "Tuner", fingerprint="beef")

    assert find(recorded) is None


@pytest.mark.parametrize("history", [None, "name,step\nloss\n", b"\xff"])
def test_a_result_without_the_history_that_it_names_is_not_used(
    recorded: RecordedRun, history: str | bytes | None
) -> None:
    folder = recorded.run.artifacts / "Tuner"
    if history is not None:
        text = history if isinstance(history, bytes) else history.encode()
        (folder / "metric_history.csv").write_bytes(text)
    write_result(folder, has_history=True)

    assert find(recorded) is None


@pytest.mark.parametrize("name", [*ELSEWHERE, "absolute"])
def test_a_pointer_to_a_run_whose_tag_leads_elsewhere_is_no_result(
    records: Records, recorded: RecordedRun, precious: Path, name: str
) -> None:
    origin = records.open()
    key = f"{RESULT_TAG}feed"
    origin.client.set_tag(origin.opened.run_id, key, absolute(precious, name))
    folder = recorded.run.artifacts / "Tuner"
    write_result(folder, reused_from=origin.opened.run_id)
    (folder / "table.csv").unlink()
    destination = Layout(recorded.project).pinned_results / "one"

    with pytest.raises(ArtifactError, match="Use a relative path"):
        download_result(str(folder), destination, DigestCache(precious / "d"), check=None)

    assert not destination.exists()


def test_records_that_are_links_are_not_followed(recorded: RecordedRun, precious: Path) -> None:
    artifacts, folder = recorded.run.artifacts, recorded.project / "records"
    (artifacts / "config").symlink_to(precious)
    folder.mkdir()

    with pytest.raises(ArtifactError, match="leads out of"):
        download_records(str(artifacts), folder)

    assert not list(folder.rglob("secret.txt"))


class Exploit:
    """Opens a file for writing when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


def write_pickle(folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Exploit(folder / "ran")))


def write_skops(folder: Path, function: object) -> None:
    io.dump(FunctionTransformer(kw_args={"with": function}), folder / "model.skops")


def write_model(folder: Path, old: str, new: str) -> None:
    assert old in PLAIN_MODEL
    (folder / "MLmodel").write_text(PLAIN_MODEL.replace(old, new))


@pytest.mark.parametrize(
    ("write", "arguments"),
    [
        (write_pickle, ("model.pkl",)),
        (write_pickle, ("deep.bin",)),
        (write_skops, (eval,)),
        (write_skops, (os.system,)),
        (write_skops, (np.load,)),
        (write_skops, (np.lib.npyio.DataSource(None),)),
        (write_model, ("serialization_format: skops", "serialization_format: cloudpickle")),
        (write_model, ("pickled_model: model.skops", "pickled_model: model.pkl")),
        (write_model, ("code: null", "code: code")),
        (write_model, ("env: {}", "code: code")),
        (write_model, ("mlflow.sklearn", "os")),
        (write_model, ("  sklearn:", "  other: {}\n  sklearn:")),
        (write_model, ("flavors:", "flavours:")),
    ],
)
def test_a_result_that_could_run_code_is_used_only_where_the_store_is_trusted(
    recorded: RecordedRun,
    caplog: pytest.LogCaptureFixture,
    write: Callable[..., None],
    arguments: tuple[object, ...],
) -> None:
    folder = recorded.run.artifacts / "Tuner"
    write(folder, *arguments)
    write_result(folder)

    refused, trusted, refused_again = (
        find(recorded, trusts_code=trusts_code) for trusts_code in (False, True, False)
    )

    assert refused is refused_again is None
    assert trusted is not None
    assert "trust_store = true" in caplog.text


def test_a_result_with_a_plain_model_is_used(recorded: RecordedRun) -> None:
    folder = recorded.run.artifacts / "Tuner"
    (folder / "MLmodel").write_text(PLAIN_MODEL)
    io.dump(FunctionTransformer(), folder / "model.skops")
    write_result(folder)

    assert find(recorded) is not None


@pytest.mark.parametrize("uri", ["s3://bucket/1", "nowhere://host/1"])
def test_artifacts_that_cannot_be_read_here_are_no_result_and_logged_once(
    recorded: RecordedRun, caplog: pytest.LogCaptureFixture, uri: str
) -> None:
    change_runs(recorded, "artifact_uri", uri)

    found = [find(recorded), find(recorded)]

    assert found == [None, None]
    assert len(caplog.records) == 1
    assert "What this machine lacks is computed" in caplog.text
