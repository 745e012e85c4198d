"""What a task saves comes back, the index of a table included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from runforest.results.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame({"sex": ["f", "m", "f"], "deck": ["a", "a", "b"], "fare": [1.0, 2.0, 4.0]})
MEANS = TABLE.groupby("sex")[["fare"]].mean()


@pytest.mark.parametrize(
    "table",
    [
        MEANS,
        TABLE.groupby(["sex", "deck"])[["fare"]].mean(),
        MEANS.rename_axis(None),
        TABLE.set_index("deck", drop=False),
        TABLE.rename_axis("row"),
    ],
    ids=["groups", "two levels", "texts without a name", "a column too", "named numbers"],
)
def test_parquet_keeps_an_index_that_says_something(tmp_path: Path, table: pd.DataFrame) -> None:
    file = Artifact(tmp_path, "table.parquet")

    file.save(table)

    pd.testing.assert_frame_equal(pd.DataFrame(file.load()), table)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (MEANS, ["sex", "fare"]),
        (TABLE.groupby(["sex", "deck"])[["fare"]].mean(), ["sex", "deck", "fare"]),
        (MEANS.rename_axis(None), ["index", "fare"]),
        (TABLE["deck"].value_counts(), ["deck", "count"]),
    ],
)
def test_csv_gets_an_index_that_says_something_as_its_first_columns(
    tmp_path: Path, table: pd.DataFrame, columns: list[str]
) -> None:
    file = Artifact(tmp_path, "table.csv")

    file.save(table)

    loaded = pd.DataFrame(file.load())
    assert list(loaded.columns) == columns
    assert list(loaded.iloc[:, -1]) == list(pd.DataFrame(table).iloc[:, -1])


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_row_numbers_are_not_saved(tmp_path: Path, name: str) -> None:
    file = Artifact(tmp_path, name)

    for rows in (TABLE, TABLE[TABLE["fare"] > 1.0]):
        file.save(rows)

        pd.testing.assert_frame_equal(pd.DataFrame(file.load()), rows.reset_index(drop=True))
