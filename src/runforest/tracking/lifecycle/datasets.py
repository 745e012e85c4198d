"""The raw files of a run as MLflow dataset inputs, with our own digest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.tracking.tags import ROLE_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

DIGEST_LENGTH = 36
"""MLflow keeps this much of a digest; the manifest of the reading task has all of it."""


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """A raw file: its role (`train`, `test`), where it lies, its size and its SHA-256."""

    role: str
    path: str
    sha256: str
    n_rows: int
    n_columns: int


def log_datasets(client: MlflowClient, run_id: str, records: list[DatasetRecord]) -> None:
    """Record the input files of a run.

    MLflow's own way, `from_pandas`, takes minutes of CPU for large tables and digests only the
    first 10,000 rows.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            Dataset(
                name=record.path.rpartition("/")[2],
                digest=record.sha256[:DIGEST_LENGTH],
                source_type="local",
                source=json.dumps({"uri": record.path}),
                profile=json.dumps({"num_rows": record.n_rows, "num_columns": record.n_columns}),
            ),
            tags=[InputTag(ROLE_TAG, record.role)],
        )
        for record in records
    ]
    client.log_inputs(run_id, inputs)
