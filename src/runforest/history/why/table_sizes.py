"""The raw files of two runs in words: their digests, rows and columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.tracking.lifecycle.open_close import DIGEST_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlflow import MlflowClient

    from runforest.reuse.differences import Difference

SHOWN_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class TableSize:
    """How large a raw table is."""

    n_rows: int
    n_columns: int

    def __str__(self) -> str:
        """Return the size as a person says it."""
        return f"{self.n_rows} rows, {self.n_columns} columns"


def recorded_sizes(client: MlflowClient, run_ids: Iterable[str]) -> dict[str, TableSize]:
    """Return the sizes of the raw tables that runs recorded, by the digest that MLflow keeps."""
    sizes = {}
    for run_id in run_ids:
        inputs = client.get_run(run_id).inputs
        for one in inputs.dataset_inputs if inputs else ():
            profile = json.loads(one.dataset.profile or "{}")
            if profile.keys() >= {"num_rows", "num_columns"}:
                sizes[one.dataset.digest] = TableSize(
                    n_rows=profile["num_rows"], n_columns=profile["num_columns"]
                )
    return sizes


def size_of(digest: str | None, sizes: Mapping[str, TableSize]) -> TableSize | None:
    """Return the size of the table with a digest; None of a file that is not in the data set."""
    return sizes.get(digest[:DIGEST_LENGTH]) if digest else None


def difference_words(difference: Difference, sizes: Mapping[str, TableSize]) -> str:
    """Return a difference as a person says it; of raw files with digests, rows and columns."""
    if difference.group != "inputs":
        return str(difference)
    sides = [_file_words(digest, sizes) for digest in (difference.old, difference.new) if digest]
    return f"{difference}: {' -> '.join(sides)}"


def _file_words(digest: str, sizes: Mapping[str, TableSize]) -> str:
    size = size_of(digest, sizes)
    return digest[:SHOWN_DIGITS] + (f" ({size})" if size else "")
