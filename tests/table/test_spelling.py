"""Ids and classes stay as they are spelt (C1, C2, C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.table.conftest import Reader

IDS = [
    ["100E0", "200E0"],
    ["+49000100", "+49000101"],
    ["NA", "1"],
    ["007", "7"],
    ["1.0", "1.10"],
    ["TRUE", "true"],
    ["None", "null"],
    [" a", "a"],
    ["99999999999999999999", "100000000000000000000"],
    ["0x1F", "31"],
    ["1e5", "100000"],
    ["-0", "0"],
    ["2020-01-01", "2020-1-1"],
]


def table(column: str, values: list[str]) -> str:
    rows = "".join(f"{value},{row},{row % 2}\n" for row, value in enumerate(values))
    return f"{column},x,y\n{rows}"


@pytest.mark.parametrize("ids", IDS, ids=" ".join)
def test_ids_are_unique_and_written_as_they_are_spelt(reader: Reader, ids: list[str]) -> None:
    read = reader.read(table("id", ids), ids=("id",))

    assert read.profile.id == "id"
    assert read.profile.duplicates == {"id": 0}
    assert read.train["id"].to_csv(index=False).splitlines()[1:] == ids


def test_ids_of_plain_integers_are_integers(reader: Reader) -> None:
    read = reader.read(table("id", ["1", "20", "-3"]), ids=("id",))

    assert read.train["id"].dtype == "int64"


def test_ids_of_train_and_test_have_one_spelling(reader: Reader) -> None:
    read = reader.read(table("id", ["1", "2"]), "id,x\n007,1\n8,1\n", ids=("id",))

    assert read.values("id") == ["1", "2"]
    assert read.values("id", "test") == ["007", "8"]


CLASSES = [
    ("TRUE", "FALSE"),
    ("true", "false"),
    ("1.0", "0.0"),
    ("01", "02"),
    ("yes", "no"),
    ("NA", "other"),
    ("null", "None"),
    ("nan", "inf"),
    ("?", "a"),
    ("1,5", "2,5"),
    ("2020", "1.999"),
]


@pytest.mark.parametrize("classes", CLASSES, ids=" ".join)
def test_classes_are_as_spelt(reader: Reader, classes: tuple[str, str]) -> None:
    rows = "".join(f'{row},"{classes[row % 2]}"\n' for row in range(10))

    read = reader.read(f"x,y\n{rows}", kind="classification")

    assert set(read.values("y")) == set(classes)
    assert read.profile.n_target_values == 2
    assert read.profile.smallest_class == 5
    assert read.train["y"].dtype == "str"


def test_classes_of_integers_stay_integers_though_one_row_has_none(reader: Reader) -> None:
    read = reader.read("x,y\n1,0\n2,1\n3,\n4,1\n5,0\n")

    assert read.values("y") == [0, 1, None, 1, 0]
    assert read.train["y"].dtype == "Int64"
    assert read.column("y").missing == {"train": 1}


def test_what_is_said_to_be_missing_is_no_class_and_no_id(reader: Reader) -> None:
    rows = "".join(f"{row},{['a', 'b', 'NA'][row % 3]}\n" for row in range(9))

    read = reader.read(f"x,y\n{rows}", missing=("NA",))

    assert read.profile.n_target_values == 2
    assert read.column("y").missing == {"train": 3}


def test_with_missing_said_other_words_are_values_of_features(reader: Reader) -> None:
    read = reader.read("x,w,y\nNA,a,0\n?,b,1\nNone,c,0\n", missing=("?",))

    assert read.values("x") == ["NA", None, "None"]


def test_labels_of_a_parquet_file_are_as_they_would_be_written(reader: Reader) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "y": [True, False, True, False]})
    frame.to_parquet(reader.folder / "train.parquet")
    reader.name("train", reader.folder / "train.parquet")

    read = reader.read()

    assert read.values("y") == ["True", "False", "True", "False"]


def test_texts_of_a_parquet_file_are_not_looked_into(reader: Reader) -> None:
    frame = pd.DataFrame({"zip": ["01234", "00001"], "w": ["NA", None], "y": ["a", "b"]})
    frame.to_parquet(reader.folder / "train.parquet")
    reader.name("train", reader.folder / "train.parquet")

    read = reader.read()

    assert read.values("zip") == ["01234", "00001"]
    assert read.values("w") == ["NA", None]
