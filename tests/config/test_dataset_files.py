"""The files of the data set: odd ones are read, broken ones are refused before a run exists."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Check

HEADER = "id,x,y\n"
ROWS = "".join(f"{row},{row % 7},{row % 2}\n" for row in range(20))
TABLE = HEADER + ROWS
WIDE = [f"c{column}" for column in range(3000)]

BROKEN = [
    pytest.param("", ["is empty. It needs a header and at least one row."], id="empty"),
    pytest.param("\n \n\n", ["is empty. It needs a header"], id="blank"),
    pytest.param(
        HEADER,
        ["has a header and no rows. Add rows, or name another file in [Dataset]."],
        id="header",
    ),
    pytest.param("id,x,y", ["has a header and no rows. Add rows"], id="header without line end"),
    pytest.param(
        TABLE + "2\x001,1,1\n",
        ["has a NUL character", "Repair it, or set its encoding"],
        id="NUL",
    ),
    pytest.param(
        "id,x,x,y\n0,1,1,0\n",
        ["has the column x more than once. Rename one of them."],
        id="doubled",
    ),
    pytest.param(
        "id,x, x ,y\n0,1,1,0\n", ["has the column x more than once."], id="doubled but for blanks"
    ),
    pytest.param(
        "id,,y\n0,1,0\n", ["has no name for column 2. Name it in the header."], id="unnamed column"
    ),
    pytest.param(
        TABLE + "20,1,1,1\n",
        ["line 22 has 4 fields, the header 3. Correct the file"],
        id="one long row",
    ),
    pytest.param(
        TABLE + "20,1\n", ["line 22 has 2 fields, the header 3. Correct the file"], id="cut off"
    ),
    pytest.param(
        HEADER + ROWS.replace("\n", ",7\n"),
        ["line 2 has 4 fields, the header 3. Correct the file, or set [Dataset] delimiter."],
        id="all rows longer than the header",
    ),
    pytest.param(TABLE + '20,"1,1\n', ["is not a table", "Correct the file"], id="open quote"),
]


@pytest.mark.parametrize(("content", "because"), BROKEN)
def test_a_broken_training_file_is_refused_with_its_remedy(
    check: Check, content: str | bytes, because: list[str]
) -> None:
    check.train(content)

    message = check.refuses(because=[str(check.folder / "input" / "train.csv"), *because])

    assert len(message.splitlines()) == 2


def test_a_broken_test_file_is_named(check: Check) -> None:
    check.test("id,x\n")

    check.refuses(because=["input/test.csv", "Add rows, or name another file in [Dataset]."])


def test_mistakes_of_both_files_are_printed_at_once(check: Check) -> None:
    check.train("")
    check.test("id,x\n")

    check.refuses(because=["train.csv", "is empty.", "test.csv", "has a header and no rows."])


def test_a_missing_file_is_refused_with_what_the_folder_holds(check: Check) -> None:
    check.refuses(
        "--set", "Dataset.train=trian.csv",
        because=["trian.csv", "The folder holds: test.csv, train.csv.", "[Dataset] train and test"],
    )  # fmt: skip


def test_a_missing_folder_is_refused_with_its_key(check: Check) -> None:
    check.refuses(
        "--set", "PathConfig.input=gone", because=["/gone does not exist", "Set [PathConfig] input"]
    )


def test_a_folder_in_place_of_a_file_is_refused(check: Check) -> None:
    check.refuses("--set", "Dataset.train=.", because=["is a folder. Name a file: [Dataset] train"])


SAID = [
    pytest.param(
        TABLE.replace(",", ";"),
        "Dataset.delimiter=,",
        ['has one column with the delimiter ","', 'Set [Dataset] delimiter = ";".'],
        id="delimiter",
    ),
    pytest.param(
        TABLE.encode() + b"\xe9,1,1\n",
        "Dataset.encoding=utf-8",
        ["cannot be decoded as utf-8", "at byte 137", 'such as [Dataset] encoding = "latin-1".'],
        id="encoding",
    ),
]


@pytest.mark.parametrize(("content", "setting", "because"), SAID)
def test_a_file_that_is_not_as_said_is_refused_with_a_remedy_that_works(
    check: Check, content: str | bytes, setting: str, because: list[str]
) -> None:
    check.train(content)
    check.refuses("--set", setting, because=because)

    key, _, value = because[-1].partition("[Dataset] ")[2].rstrip(".").partition(" = ")
    test = "id;x\n100;1\n" if key == "delimiter" else "id,x\n100,1\n"
    check.test(test)

    assert check.load("--set", f"Dataset.{key}={value}").dataset.facts.n_rows >= 20


def test_an_unknown_encoding_is_refused(check: Check) -> None:
    remedy = 'Use a Python codec name: [Dataset] encoding = "utf-8".'

    check.refuses("--set", "Dataset.encoding=utf8x", because=['unknown encoding "utf8x"', remedy])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_read_permission_is_refused(check: Check) -> None:
    (check.folder / "input" / "train.csv").chmod(0o000)

    check.refuses(because=["cannot be read (Permission denied). Make it readable."])


READABLE = [
    pytest.param(TABLE.replace(",", ";"), id="semicolons"),
    pytest.param(TABLE.replace(",", "\t"), id="tabulators"),
    pytest.param(TABLE.replace(",", "|"), id="bars"),
    pytest.param(TABLE.replace(",", "  "), id="blanks"),
    pytest.param(TABLE.encode("utf-16"), id="UTF-16"),
    pytest.param(TABLE.encode("utf-16-le"), id="UTF-16 without a mark"),
    pytest.param("\n \n" + TABLE, id="blank lines above the header"),
    pytest.param("sep=;\n" + TABLE.replace(",", ";"), id="a line that names the delimiter"),
    pytest.param("# exported, by hand\n# today\n" + TABLE, id="comments above the header"),
    pytest.param(
        TABLE.replace(HEADER, "id,x,y,\n").replace("\n", ",\n", 21).replace(",,", ",", 1),
        id="a delimiter at the ends",
    ),
    pytest.param(b"\xef\xbb\xbf" + TABLE.encode(), id="byte order mark"),
    pytest.param(TABLE.replace("\n", "\r\n"), id="Windows line ends"),
    pytest.param(TABLE.replace("id,x", '"id","x"'), id="quoted names"),
    pytest.param(TABLE.replace("id,x", " id , x "), id="blanks around names"),
    pytest.param(TABLE.rstrip("\n"), id="no last line end"),
    pytest.param(TABLE + "\n\n", id="blank lines at the end"),
]


@pytest.mark.parametrize("content", READABLE)
def test_an_odd_but_sound_file_is_read(check: Check, content: str | bytes) -> None:
    check.train(content)

    experiment = check.load()

    assert experiment.dataset.facts.train_columns == ("id", "x", "y")
    assert experiment.dataset.facts.n_rows == 20
    assert experiment.tables["Preprocessor"]["target"] == "y"
    assert experiment.tables["Preprocessor"]["id"] == "id"


NAMES = [
    pytest.param("größe m²", id="blank and unicode"),
    pytest.param("a#b?c&d/e%f:g<h>*!", id="what MLflow refuses in names"),
    pytest.param('"two\nlines"', id="quoted line end"),
    pytest.param('"with, comma"', id="quoted comma"),
    pytest.param(",".join(WIDE), id="very many"),
]


@pytest.mark.parametrize("names", NAMES)
def test_columns_of_any_name_and_number_are_read(check: Check, names: str) -> None:
    values = ",".join("1" for _ in names.split(",")) if names.startswith("c0") else "1"
    check.train(f"id,{names},y\n" + "".join(f"{row},{values},{row % 2}\n" for row in range(20)))
    check.test(f"id,{names}\n100,{values}\n")

    experiment = check.load()

    assert experiment.dataset.facts.n_rows == 20


def test_a_quoted_line_end_inside_a_value_is_no_row(check: Check) -> None:
    check.train(TABLE + '20,"a\nb",1\n')

    experiment = check.load()

    assert experiment.dataset.facts.n_rows == 21


def test_another_delimiter_and_encoding_are_read_as_configured(check: Check) -> None:
    check.train(TABLE.replace(",", ";").replace("x", "größe").encode("latin-1"))
    check.test("id;größe\n100;1\n".encode("latin-1"))
    options = ["--set", "Dataset.delimiter=;", "--set", "Dataset.encoding=latin-1"]

    experiment = check.load(*options)

    assert experiment.dataset.facts.train_columns == ("id", "größe", "y")


def test_a_replaced_file_is_looked_at_again(check: Check) -> None:
    check.load()
    check.train(TABLE.replace(",1\n", ",0\n"))

    check.refuses(because=["y has the same value in every row"])


def test_a_file_that_is_known_adds_nothing_to_the_caches(check: Check) -> None:
    check.load()
    folder = check.folder / "mlruns" / ".runforest" / "cache"
    before = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}

    check.load()

    after = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert before
    assert after == before
