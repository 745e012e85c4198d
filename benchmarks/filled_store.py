"""A tracking store and an index of results with as many entries as a team makes in years."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

from runforest.foundation.layout import Layout
from runforest.results.index import ResultIndex
from runforest.results.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

N_PARAMS = 10


def fill_store(file: Path, n_runs: int) -> None:
    """Add copies of the first run to MLflow's SQLite file: its row, its tags, some parameters."""
    with closing(sqlite3.connect(file)) as base, base:
        template = base.execute("SELECT run_uuid FROM runs ORDER BY start_time LIMIT 1").fetchone()
        ids = [uuid.uuid4().hex for _ in range(n_runs)]
        _copy_rows(base, "runs", template[0], ids, limit=1)
        _copy_rows(base, "tags", template[0], ids, limit=-1)
        _copy_rows(base, "params", template[0], ids, limit=N_PARAMS)


def fill_index(project: Path, n_results: int) -> None:
    """Add results to the index, of one task and of as many runs, each with its own fingerprint.

    Their folders do not exist, as if the runs had been deleted: a look-up has to cope with that,
    and the disk need not hold them.
    """
    layout = Layout(project)
    index = ResultIndex(layout)
    for _ in range(n_results):
        run_id = uuid.uuid4().hex
        folder = layout.output / "others" / run_id / "artifacts" / "Trainer"
        index.add(folder, _manifest(run_id))


def _manifest(run_id: str) -> Manifest:
    fingerprint = hashlib.sha256(run_id.encode()).hexdigest()
    return Manifest(
        task="Trainer", fingerprint=fingerprint, ingredients={}, outputs={}, run_id=run_id
    )


def _copy_rows(
    base: sqlite3.Connection, table: str, run_id: str, ids: list[str], *, limit: int
) -> None:
    """Insert the rows that a table has of a run once more for each of the ids."""
    query = f"SELECT * FROM {table} WHERE run_uuid = ? LIMIT ?"  # noqa: S608 - our own names
    found = base.execute(query, (run_id, limit))
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)

    def copies() -> Iterator[dict[str, object]]:
        for one in ids:
            for row in rows:
                yield {**row, "run_uuid": one, **_fingerprint_key(row)}

    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    base.executemany(statement, copies())


def _fingerprint_key(row: dict[str, object]) -> dict[str, object]:
    """Return another key for a tag that says that a run holds a result: no two are equal."""
    start, dot, _ = str(row.get("key", "")).rpartition(".")
    is_result = start.endswith("runforest.result")
    return {"key": f"{start}{dot}{uuid.uuid4().hex * 2}"} if is_result else {}
