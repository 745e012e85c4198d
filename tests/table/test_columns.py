"""What a column of texts holds is recognised once for both files (C4 to C7, C14)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from runforest.foundation.errors import ConfigError

if TYPE_CHECKING:
    from tests.table.conftest import Reader


def table(values: list[str], n: int = 0) -> str:
    """Return a table with a column x of the values, then of n whole numbers."""
    cells = [*values, *map(str, range(n))]
    return "x,y\n" + "".join(f'"{cell}",{row % 2}\n' for row, cell in enumerate(cells))


NUMBERS = [
    (["1", "2"], [1, 2], "int64", ""),
    (["1", ""], [1, None], "float64", ""),
    (["1", "NA"], [1, None], "float64", ""),
    ([" 1", "+2"], [1, 2], "float64", ""),
    (["007", "8"], [7, 8], "int64", ""),
    (["1e3", ".5"], [1000, 0.5], "float64", ""),
    (["1,234.5", "2"], [1234.5, 2], "float64", '"," between thousands'),
    (["1,234,567", "1,000"], [1234567, 1000], "int64", '"," between thousands'),
    (["1.234,5", "2"], [1234.5, 2], "float64", "decimal comma"),
    (["0,5", "2,25"], [0.5, 2.25], "float64", "decimal comma"),
    (["1 234", "1 234 567"], [1234, 1234567], "int64", '" " between thousands'),
    (["1\u00a0234,5", "2"], [1234.5, 2], "float64", '" " between thousands'),
    (["1'234.5", "2"], [1234.5, 2], "float64", '"\'" between thousands'),
    (["$1,234.50", "-$2"], [1234.5, -2], "float64", '"$", "," between thousands'),
    (["1.234,50 €", "-"], [1234.5, None], "float64", '"€", decimal comma'),
    (["£ 7", "£80"], [7, 80], "int64", '"£"'),
    (["12.5%", "3 %"], [12.5, 3], "float64", '"%"'),
    (["99999999999999999999", "1"], [1e20, 1], "float64", ""),
]


@pytest.mark.parametrize(("cells", "values", "dtype", "spelling"), NUMBERS)
def test_numbers_are_read_as_people_write_them(
    reader: Reader, cells: list[str], values: list[float], dtype: str, spelling: str
) -> None:
    read = reader.read(table(cells))

    assert read.values("x") == values
    assert read.train["x"].dtype == dtype
    assert spelling in read.column("x").spelling
    assert read.column("x").role == "number"
    assert any(spelling in note for note in read.notes) == bool(spelling)


def test_in_a_file_with_decimal_commas_a_point_is_between_thousands(reader: Reader) -> None:
    read = reader.read("x;w;y\n1.234;0,5;0\n2.500;1,25;1\n900;3,0;0\n")

    assert read.values("x") == [1234, 2500, 900]
    assert read.values("w") == [0.5, 1.25, 3]


def test_a_small_test_file_is_read_with_the_signs_of_the_training_file(reader: Reader) -> None:
    read = reader.read("x;y\n1.234,5;0\n2,5;1\n", "x\n2.500\n")

    assert read.values("x", "test") == [2500]


def test_said_signs_are_the_only_ones(reader: Reader) -> None:
    read = reader.read("x;y\n1.234;0\n2.500;1\n", decimal=",", thousands=".")

    assert read.values("x") == [1234, 2500]
    assert read.notes == ["train.csv: separated by semicolon"]


STRAY = ["?", "n/k", "-", "unknown", "..", "abc"]


@pytest.mark.parametrize("word", STRAY)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_stray_text_among_numbers_is_missing_and_said(
    reader: Reader, word: str, part: str
) -> None:
    content = {"train": table([], 30), "test": "x\n" + "\n".join(map(str, range(30))) + "\n"}
    content[part] += f"{word},1\n" if part == "train" else f"{word}\n"

    read = reader.read(**content)

    assert read.values("x", part)[-1] is None
    assert read.train["x"].dtype == "float64"
    (warning,) = read.warnings
    assert f'x: 1 value ("{word}") among numbers, read as missing (a guess' in warning


def test_what_keeps_a_stray_text_works(reader: Reader) -> None:
    read = reader.read(table(["?"], 30), columns={"x": "category"})

    assert read.values("x")[:2] == ["?", "0"]
    assert read.warnings == []


def test_many_texts_among_numbers_are_categories(reader: Reader) -> None:
    read = reader.read(table(["a", "b", "c", "d"], 30))

    assert read.values("x")[:5] == ["a", "b", "c", "d", "0"]
    assert read.warnings == []


def test_numbers_in_one_file_and_texts_in_the_other_are_categories_and_said(
    reader: Reader,
) -> None:
    read = reader.read(table([], 20), "x\nhigh\nlow\n")

    assert read.values("x")[0] == "0"
    assert read.values("x", "test") == ["high", "low"]
    (warning,) = read.warnings
    assert 'numbers in train.csv, but texts such as "high" in test.csv: a category' in warning
    assert '[Dataset.columns] x = "number" names the lines' in warning


def test_a_column_of_texts_stays_so_where_test_has_numbers_alone(reader: Reader) -> None:
    read = reader.read(table(["a", "b", "7"] * 5), "x\n7\n007\n")

    assert read.values("x", "test") == ["7", "007"]


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_cell_that_is_not_as_said_is_named_with_the_key_that_helps(
    reader: Reader, part: str
) -> None:
    content = {"train": table([], 5), "test": "x\n1\n2\n"}
    content[part] += '"a\nb",1\n"n/k",1\n' if part == "train" else "n/k\n"
    wrong, line = ('"a\\nb"', 8) if part == "train" else ('"n/k"', 4)

    with pytest.raises(ConfigError) as refused:
        reader.read(**content, columns={"x": "number"})

    (problem,) = refused.value.problems
    assert problem.where.endswith(f"{part}.csv")
    assert problem.key == "x"
    assert problem.message.startswith(f"line {line} is {wrong}, no number")
    assert f"[Dataset] missing = [{wrong}" in problem.message


def test_the_named_remedy_of_a_misfit_works(reader: Reader) -> None:
    read = reader.read(table(["n/k"], 5), columns={"x": "number"}, missing=("n/k",))

    assert read.values("x") == [None, 0, 1, 2, 3, 4]
    assert read.warnings == []


def test_infinite_numbers_are_missing_and_said(reader: Reader) -> None:
    read = reader.read(table(["inf", "-Infinity", "1"]))

    assert read.values("x") == [None, None, 1]
    assert read.warnings == ["x: 2 values (inf) read as missing"]


def test_infinite_numbers_of_a_parquet_file_are_missing_and_said(reader: Reader) -> None:
    frame = pd.DataFrame({"x": [float("inf"), 1.5], "y": [0, 1]})
    frame.to_parquet(reader.folder / "train.parquet")
    reader.name("train", reader.folder / "train.parquet")

    read = reader.read()

    assert read.values("x") == [None, 1.5]
    assert read.warnings == ["x: 1 value (inf) read as missing"]


BOOLEANS = [
    (["True", "False"], [True, False], "bool"),
    (["TRUE", "false", ""], [True, False, None], "boolean"),
]


@pytest.mark.parametrize(("cells", "values", "dtype"), BOOLEANS)
def test_truth_values_are_recognised(
    reader: Reader, cells: list[str], values: list[bool], dtype: str
) -> None:
    read = reader.read(table(cells))

    assert read.values("x") == values
    assert read.train["x"].dtype == dtype


WORDS = [("yes", "no"), ("Y", "N"), ("true", "FALSE"), ("1", "0"), ("t", "f"), ("on", "off")]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_column_said_to_be_boolean_has_the_value_of_its_words(
    reader: Reader, words: tuple[str, str]
) -> None:
    read = reader.read(table([*words, "NA"]), columns={"x": "boolean"})

    assert read.values("x") == [True, False, None]


def test_another_word_is_no_truth_value(reader: Reader) -> None:
    with pytest.raises(ConfigError, match=r'line 4 is "maybe", no truth value\. Known are true'):
        reader.read(table(["yes", "no", "maybe"]), columns={"x": "boolean"})


DATES = [
    "2024-02-29",
    "2024/2/29",
    "29.02.2024",
    "2/29/2024",
    "29/02/2024",
    "29-Feb-2024",
    "29 February 2024",
    "Feb 29, 2024",
    "2024-02-29 00:00:00",
    "2024-02-29T00:00:00Z",
    "2024-02-29T02:00:00+02:00",
    "29.02.2024 00:00",
    "02/29/2024 12:00 AM",
    "2/29/2024 12:00:00 AM",
    "2/29/24",
    "29.02.24",
]


@pytest.mark.parametrize("text", DATES)
def test_dates_are_recognised(reader: Reader, text: str) -> None:
    read = reader.read(table([text, text, ""]), f'x\n"{text}"\n')

    day = pd.Timestamp(2024, 2, 29)
    assert read.values("x") == [day, day, None]
    assert read.values("x", "test") == [day]
    assert read.train["x"].dtype.kind == "M"
    assert read.column("x").role == "date"
    assert read.warnings == []


@pytest.mark.parametrize("word", ["?", "unknown", "0000-00-00"])
def test_a_word_for_a_missing_date_is_missing_and_said(reader: Reader, word: str) -> None:
    read = reader.read(table(["2024-02-29", "2024-02-28", word, ""]))

    assert read.values("x")[2:] == [None, None]
    assert read.column("x").role == "date"
    (warning,) = read.warnings
    assert warning.startswith(f'x: 1 value ("{word}") among dates, read as missing (a guess; ')
    kept = reader.read(columns={"x": "category"})
    assert kept.values("x")[2:] == [word, None]


def test_a_day_that_may_be_a_month_is_said(reader: Reader) -> None:
    read = reader.read(table(["1/2/2024", "3/4/2024"]))

    assert read.values("x")[0] == pd.Timestamp(2024, 1, 2)
    assert read.warnings[0].startswith("x: dates read as %m/%d/%Y, a guess, since %d/%m/%Y suits")


@pytest.mark.parametrize("cells", [["$5", "6"], ["$5", "€6"], ["5%", "up 6%"], ["%a", "%b"]])
def test_texts_that_are_not_all_numbers_in_one_unit_stay_texts(
    reader: Reader, cells: list[str]
) -> None:
    read = reader.read(table(cells))

    assert read.values("x") == cells


NO_DATES = [["2024-02-30", "2024-01-01"], ["2024-01-01", "soon"], ["12-34", "56-78"]]


@pytest.mark.parametrize("cells", NO_DATES)
def test_texts_that_are_not_all_dates_stay_texts(reader: Reader, cells: list[str]) -> None:
    read = reader.read(table(cells))

    assert read.values("x") == cells


SAID_DATES = [("20240229", dt.date(2024, 2, 29)), ("2024", dt.date(2024, 1, 1))]


@pytest.mark.parametrize(("text", "day"), SAID_DATES)
def test_whole_numbers_are_dates_where_it_is_said(reader: Reader, text: str, day: dt.date) -> None:
    read = reader.read(table([text, "NA"]), columns={"x": "date"})

    assert read.values("x") == [pd.Timestamp(day), None]


def test_a_cell_that_is_no_date_where_it_is_said_is_named(reader: Reader) -> None:
    with pytest.raises(ConfigError, match=r'line 3 is "soon", no date\. Write all dates as 2024'):
        reader.read(table(["2024-01-01", "soon"]), columns={"x": "date"})


def test_the_usual_words_are_missing_in_features(reader: Reader) -> None:
    read = reader.read(table(["a", "NA", "null", "None", "n/a", "", "b"]))

    assert read.values("x") == ["a", None, None, None, None, None, "b"]


def test_a_plain_table_needs_no_words(reader: Reader) -> None:
    read = reader.read("id,x,w,y\n1,1,a,0\n2,2.5,b,1\n3,,a,0\n", "id,x,w\n4,1,b\n")

    assert read.notes == []
    assert read.profile.schema.files["train"] == "text separated by comma, utf-8"


def test_both_tables_have_the_same_types(reader: Reader) -> None:
    read = reader.read("x,w,y\n1,1,0\n2,2,1\n", "x,w\n,1.5\n")

    assert read.train.dtypes.to_dict() == {"x": "float64", "w": "float64", "y": "int64"}
    assert read.test.dtypes.to_dict() == {"x": "float64", "w": "float64"}


def test_a_stray_text_in_a_target_of_numbers_is_missing_and_said(reader: Reader) -> None:
    rows = "".join(f"{row},{row / 3}\n" for row in range(30)) + "31,n/k\n"

    read = reader.read(f"x,y\n{rows}")

    assert read.profile.kind == "regression"
    assert read.values("y")[-1] is None
    assert 'y: 1 value ("n/k") among numbers, read as missing' in read.warnings[0]


def test_texts_in_a_target_said_to_be_a_quantity_are_named(reader: Reader) -> None:
    rows = "".join(f"{row},{cell}\n" for row, cell in enumerate(["1", "2", "low", "mid", "high"]))

    with pytest.raises(ConfigError) as refused:
        reader.read(f"x,y\n{rows}", kind="regression")

    (problem,) = refused.value.problems
    assert problem.key == "y"
    assert problem.message.startswith('line 4 is "low", no number (and 2 more).')
    assert '[Dataset] missing = ["low", "mid", "high"]' in problem.message

    read = reader.read(kind="regression", missing=("low", "mid", "high"))
    assert read.values("y") == [1, 2, None, None, None]


@pytest.mark.parametrize("spelt", ["{:,}", "{:.2f}"])
def test_a_target_of_numbers_may_have_signs_between_thousands(reader: Reader, spelt: str) -> None:
    rows = "".join(f'{row},"{spelt.format(1000 * row + 500)}"\n' for row in range(30))

    read = reader.read(f"x,y\n{rows}")

    assert read.profile.kind == "regression"
    assert read.values("y")[1] == 1500


def test_what_is_said_of_many_columns_is_said_in_few_lines(reader: Reader) -> None:
    names = [f"x{number}" for number in range(20)]
    cells = [["?" if row == number else "1" for number in range(20)] for row in range(40)]
    rows = "".join(f"{','.join(row)},{position % 2}\n" for position, row in enumerate(cells))

    read = reader.read(f"{','.join(names)},y\n{rows}")

    assert [text.partition(":")[0] for text in read.warnings[:3]] == names[:3]
    assert read.warnings[3:] == [
        f"{', '.join(names[3:13])} and 7 more: a few texts among numbers, read as missing (a guess)"
    ]


def test_whole_numbers_beyond_64_bits_are_read_in_every_column(reader: Reader) -> None:
    big = "1" + "0" * 25
    rows = "".join(f"{big}{row},{big},{row}.5\n" for row in range(30))

    read = reader.read(f"id,x,y\n{rows}", ids=("id",))

    assert read.values("id")[:2] == [f"{big}0", f"{big}1"]
    assert read.values("x")[0] == 1e25
    assert read.profile.kind == "regression"
    assert reader.read(f"x,y\n1,{big}\n2,{big}1\n", kind="regression").values("y")[0] == 1e25
