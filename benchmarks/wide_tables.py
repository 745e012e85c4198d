"""Tables as people have them, made of random numbers: a big one and a wide one.

Numbers with missing values, categories with few and with many values, dates, a yes/no column and
an id; the target depends on some of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator

MISSING_SHARE = 0.05
YES_SHARE = 0.3
N_LEVELS = (3, 5, 8, 40, 400)
"""Numbers of different values of the categories, in turn."""


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """What a table has; beside these columns an id and the target."""

    name: str
    n_rows: int
    n_test_rows: int
    n_numbers: int
    n_categories: int
    n_dates: int
    has_classes: bool

    @property
    def n_columns(self) -> int:
        """Columns of the training file: the yes/no column, id and target too."""
        return self.n_numbers + self.n_categories + self.n_dates + 3


BIG = TableShape(
    name="big",
    n_rows=300_000,
    n_test_rows=20_000,
    n_numbers=10,
    n_categories=5,
    n_dates=1,
    has_classes=True,
)
WIDE = TableShape(
    name="wide",
    n_rows=4_000,
    n_test_rows=1_000,
    n_numbers=1_400,
    n_categories=95,
    n_dates=2,
    has_classes=False,
)


def write_tables(shape: TableShape, folder: Path) -> None:
    """Write `train.csv` and `test.csv`, the same for each call."""
    folder.mkdir(parents=True, exist_ok=True)
    table = make_table(shape, np.random.default_rng(0))
    table[: shape.n_rows].to_csv(folder / "train.csv", index=False)
    table[shape.n_rows :].drop(columns="target").to_csv(folder / "test.csv", index=False)


def make_table(shape: TableShape, random: Generator) -> pd.DataFrame:
    """Return the rows of both files, those of the training file first."""
    n_rows = shape.n_rows + shape.n_test_rows
    numbers = random.lognormal(size=(n_rows, shape.n_numbers)).round(4)
    codes = [
        random.integers(N_LEVELS[position % len(N_LEVELS)], size=n_rows)
        for position in range(shape.n_categories)
    ]
    days = random.integers(0, 700, size=(n_rows, shape.n_dates))
    flag = random.random(n_rows) < YES_SHARE
    signal = np.log(numbers[:, :8]) @ random.normal(size=8) + codes[0] + flag + days[:, 0] % 7
    signal += random.normal(scale=3.0, size=n_rows)
    columns = {"id": [f"R{row:07}" for row in range(n_rows)]}
    columns |= {f"number_{n}": _with_gaps(numbers[:, n], random) for n in range(shape.n_numbers)}
    for position, code in enumerate(codes):
        columns[f"category_{position}"] = _with_gaps([f"value {one}" for one in code], random)
    start = np.datetime64("2024-01-01")
    columns |= {f"date_{n}": start + days[:, n] for n in range(shape.n_dates)}
    columns["flag"] = np.where(flag, "yes", "no")
    classes = np.where(signal > np.median(signal), "late", "on time")
    columns["target"] = classes if shape.has_classes else signal.round(3)
    return pd.DataFrame(columns)


def _with_gaps(values: object, random: Generator) -> pd.Series:
    """Return a column of which some values are missing."""
    column = pd.Series(values)
    return column.mask(random.random(len(column)) < MISSING_SHARE)
