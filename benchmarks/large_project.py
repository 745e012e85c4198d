"""An experiment on a large table: the input, and a task that makes an artifact of the same size."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
N_FEATURES = 60
N_KINDS_OF_ROWS = 1000

CONFIG = """
[RunConfig]
experiment_name = "large"
task = "Copy"
reuse = true

[PathConfig]
input = "./data/"
"""

TASKS = '''
"""A copy of the training file, made in blocks."""

from __future__ import annotations

import luigi

from runforest.foundation.parameters import InputFileParameter, from_table
from runforest.run_task import RunTask

BLOCK = 1 << 20


class Copy(RunTask):
    """The training file as an artifact."""

    train_file = from_table(
        "Dataset", "train_file", InputFileParameter(description="Training file.")
    )
    target = from_table("Dataset", "target", luigi.Parameter(description="Column to predict."))

    def output(self):
        return self.artifact("copy.csv")

    def compute(self):
        with open(self.train_file, "rb") as source, self.output().path.open("wb") as target:
            while block := source.read(BLOCK):
                target.write(block)
'''


def write_input(folder: Path, size_bytes: int) -> None:
    """Write a training file of about a size, and a small test file, with 60 features a row."""
    folder.mkdir()
    source = random.Random(0)  # noqa: S311 - numbers to fill a file with
    features = [
        ",".join(f"{source.random():.12f}" for _ in range(N_FEATURES))
        for _ in range(N_KINDS_OF_ROWS)
    ]
    names = ",".join(f"x{number}" for number in range(N_FEATURES))
    with (folder / "train.csv").open("w", encoding="utf-8") as train:
        train.write(f"id,label,{names}\n")
        number = 0
        while train.tell() < size_bytes:
            rows = (
                f"{number + offset},{offset % 2},{text}\n" for offset, text in enumerate(features)
            )
            train.writelines(rows)
            number += N_KINDS_OF_ROWS
    test = "".join(f"{number},{text}\n" for number, text in enumerate(features))
    (folder / "test.csv").write_text(f"id,{names}\n{test}", encoding="utf-8")
