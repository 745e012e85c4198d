"""A result counts on a server when its manifest is there, behind all its files."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from mlflow import MlflowClient

from runforest.foundation.errors import StoreError
from runforest.results.digests import file_digest
from runforest.results.manifest import Manifest, OutputFile, write_manifest
from runforest.tracking.recorder.stale_runs import close_stale_runs
from runforest.tracking.tags import RESULT_TAG
from tests.tracking.conftest import local, on_server
from tests.tracking.recorder.test_stale_runs import abandoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tracking.conftest import RecordedRun, Records

TAG = f"{RESULT_TAG}feed"
FILES = {"Tuner/table.csv", "Tuner/deep/table.csv"}
MANIFEST = {"Tuner/manifest.json"}


def commit_result(recorded: RecordedRun, reused_from: str | None = None) -> None:
    """Put a result of two files into a run's folder, and say so in its journal."""
    folder = recorded.run.artifacts / "Tuner"
    outputs = {}
    for name in ("table.csv", "deep/table.csv"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a,b\n1,2\n", encoding="utf-8")
        outputs[name] = OutputFile(size_bytes=file.stat().st_size, sha256=file_digest(file))
    manifest = Manifest(
        task="Tuner", fingerprint="feed", ingredients={}, outputs=outputs, reused_from=reused_from
    )
    write_manifest(folder, manifest)
    fields = {"task": "Tuner", "fingerprint": "feed"}
    if reused_from:
        recorded.tell("reused", fields | {"reused_from": reused_from})
    else:
        recorded.tell("committed", fields | {"duration_s": 1})


def listed(recorded: RecordedRun) -> set[str]:
    """Return the files of the result that the server has."""
    run_id, client = recorded.opened.run_id, recorded.client
    found = client.list_artifacts(run_id, "Tuner")
    found += client.list_artifacts(run_id, "Tuner/deep")
    return {entry.path for entry in found if not entry.is_dir}


def has_tag(recorded: RecordedRun) -> bool:
    return TAG in recorded.client.get_run(recorded.opened.run_id).data.tags


@contextmanager
def failing_server() -> Iterator[tuple[str, list[str]]]:
    """Serve an API that can be read and answers all writing with 500; yield address and writes."""
    writes: list[str] = []
    run = b'{"run": {"info": {"run_id": "r1", "status": "RUNNING"}, "data": {}}}'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, run)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            writes.append(self.path)
            self.answer(500, b"")

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", writes
        server.shutdown()


@on_server
def test_a_result_that_cannot_be_uploaded_is_not_promised(records: Records) -> None:
    recorded = records.open()
    commit_result(recorded)
    (recorded.run.artifacts / "Tuner" / "manifest.json").unlink()

    with pytest.raises(StoreError):
        recorded.record()

    assert not has_tag(recorded)


@on_server
@pytest.mark.parametrize("state", ["recorded", "deleted", "not recorded", "of another store"])
def test_a_reused_result_is_uploaded_unless_its_origin_has_it_on_the_server(
    records: Records, state: str
) -> None:
    origin, now = records.open(), records.open()
    commit_result(origin)
    if state in {"recorded", "deleted"}:
        origin.record()
    if state == "deleted":
        records.client.delete_run(origin.opened.run_id)
    run_id = "0" * 32 if state == "of another store" else origin.opened.run_id
    commit_result(now, reused_from=run_id)

    now.record()

    assert listed(now) == (MANIFEST if state == "recorded" else MANIFEST | FILES)
    assert has_tag(now)


@on_server
def test_the_results_of_a_killed_run_are_uploaded_before_it_is_closed(records: Records) -> None:
    recorded = abandoned(records)
    commit_result(recorded)
    (recorded.run.artifacts / "console.log").write_text("a line", encoding="utf-8")

    close_stale_runs(recorded.client, recorded.project)

    assert (listed(recorded), has_tag(recorded)) == (MANIFEST | FILES, True)
    names = {entry.path for entry in recorded.client.list_artifacts(recorded.opened.run_id)}
    assert "console.log" in names


@local
def test_a_server_that_fails_all_requests_is_given_up_soon(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    recorded = records.open()
    for number in range(50):
        recorded.tell("metrics", {"task": "Tuner", "values": {f"m{number}": 1.0}, "step": 0})
    with failing_server() as (url, writes):
        failing = replace(recorded, client=MlflowClient(tracking_uri=url))

        with pytest.raises(StoreError, match="log-batch"):
            failing.record()

    assert 1 < len(writes) < 8
