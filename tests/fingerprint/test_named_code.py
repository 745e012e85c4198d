"""Code that a parameter names by its import path counts, in tables too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.foundation.parameters import TableParameter
from runforest.run.active import Run, RunSettings
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from pathlib import Path


class Splitting(RunTask):
    """Takes a table."""

    splits = TableParameter(default={}, description="How rows are split.")


@pytest.mark.parametrize(
    ("module", "table"),
    [
        ("halves_of_cv", {"cv": {"name": "halves_of_cv.Half"}}),
        ("halves_of_list", {"params": [{"regressor": "halves_of_list.Half"}]}),
        ("halves_of_text", {"pipeline": "halves_of_text.Half"}),
    ],
)
def test_a_path_in_a_table_counts_with_its_code(tmp_path, monkeypatch, module, table) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{module}.py").write_text("class Half: ...\n")
    run = Run(tmp_path / "run", RunSettings(project=str(tmp_path)))

    code = Splitting(active_run=run, splits=table).ingredients()["code"]

    assert f"{module}:Half" in code


@pytest.mark.parametrize("text", ["train.csv", "0.5", "nowhere.Half", "a sentence.", ""])
def test_other_texts_of_a_table_name_no_code(tmp_path: Path, text: str) -> None:
    run = Run(tmp_path / "run", RunSettings(project=str(tmp_path)))
    plain = Splitting(active_run=run).ingredients()

    found = Splitting(active_run=run, splits={"name": text}).ingredients()

    assert found["code"] == plain["code"]
    assert found["packages"] == plain["packages"]
