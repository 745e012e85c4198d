"""Tables as people have them, seen from the program: read, said, or refused with what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from conftest import Check

HEADER = "id,x,y\n"
ROWS = "".join(f"{row},{row % 7},{row % 2}\n" for row in range(20))
TABLE = HEADER + ROWS


def warnings(check: Check, *arguments: str) -> list[str]:
    """Return what is guessed of the data set."""
    notes = check.load(*arguments).dataset.notes
    return [note.text for note in notes if note.is_warning]


def test_a_plain_table_says_nothing(check: Check) -> None:
    assert check.load().dataset.notes == ()


def test_the_plan_says_what_was_recognised(check: Check) -> None:
    check.train(TABLE.replace(",", ";"))

    outcome = check.run("--plan")

    assert outcome.code == 0
    assert "train.csv: separated by semicolon" in outcome.out


def test_a_known_file_says_the_same_without_being_read(check: Check) -> None:
    check.train(TABLE.replace(",", ";"))
    first = check.load().dataset.notes

    assert first
    assert check.load().dataset.notes == first


# C1 to C3


def test_doubled_words_for_one_number_are_different_ids(check: Check) -> None:
    check.train(TABLE.replace("\n0,", "\n007,"))

    experiment = check.load("--set", "Dataset.id=id")

    assert experiment.tables["Prediction"]["id"] == "id"


def test_a_class_called_as_a_missing_value_is_a_class(check: Check) -> None:
    check.train("id,x,y\n" + "".join(f"{row},1,{['NA', 'b'][row % 2]}\n" for row in range(20)))

    assert check.load().dataset.facts.n_target_values == 2
    check.refuses(
        "--set", 'Dataset.missing=["NA"]', because=["target: y has the same value in every row"]
    )


# C4 to C6


def test_a_cell_that_is_no_number_is_named_before_a_run(check: Check) -> None:
    check.test("id,x\n100,high\n")

    check.refuses(
        "--set", "Dataset.columns.x=number",
        because=["test.csv", 'x: line 2 is "high", no number.', '[Dataset] missing = ["high"].'],
    )  # fmt: skip
    said = ["--set", "Dataset.columns.x=number", "--set", 'Dataset.missing=["high"]']
    assert warnings(check, *said) == []


def test_all_columns_with_misfits_are_named_at_once(check: Check) -> None:
    check.train(TABLE.replace("\n3,3,", "\n3,c,"))
    check.configure('[PathConfig]\ninput = "input"\n[Dataset.columns]\nx = "number"\nid = "date"\n')

    check.refuses("--set", "Dataset.has_id=false", because=['x: line 5 is "c"', "id: line 2 is"])


def test_a_stray_text_in_a_target_said_to_be_a_quantity_is_missing_and_said(check: Check) -> None:
    check.train(HEADER + "".join(f"{row},1,{row / 3}\n" for row in range(30)) + "30,1,n/k\n")

    (text,) = warnings(check, "--set", "Dataset.kind=regression")

    assert text.startswith('y: 1 value ("n/k") among numbers, read as missing (a guess; ')
    assert warnings(check, "--set", 'Dataset.missing=["n/k"]') == []


SMOKERS = [("yes", "no"), ("Y", "N"), ("True", "False"), ("1", "0")]


@pytest.mark.parametrize("words", SMOKERS, ids=" ".join)
@pytest.mark.parametrize("kind", ["bool", "boolean"])
def test_a_column_typed_as_boolean_is_converted_by_its_words(
    check: Check, words: tuple[str, str], kind: str
) -> None:
    check.train("id,x,y\n" + "".join(f"{row},{words[row % 2]},{row % 2}\n" for row in range(20)))
    check.test(f"id,x\n100,{words[0]}\n")

    experiment = check.load("--set", f"Preprocessor.types.x={kind}")

    preprocessor = next(one for one in experiment.tasks if one.task_family == "Preprocessor")
    train = preprocessor.read().frames["train"].astype({"x": kind})
    assert train["x"].tolist() == [True, False] * 10


@pytest.mark.parametrize(("kind", "cell"), [("bool", ""), ("int64", "NA")])
def test_missing_values_of_a_typed_column_stay_missing(check: Check, kind: str, cell: str) -> None:
    rows = "".join(f"{row},{[1, 0, cell][row % 3]},{row % 2}\n" for row in range(9))
    check.train(HEADER + rows)
    check.test("id,x\n100,1\n")
    experiment = check.load("--set", f"Preprocessor.types.x={kind}")
    task = next(one for one in experiment.tasks if one.task_family == "Preprocessor")
    train = task.read().frames["train"]

    typed = train.astype(task.choice().types_of(train))

    assert typed["x"].isna().sum() == 3
    assert typed["x"].dropna().tolist() == [1, 0] * 3


def test_classes_stay_as_spelt_whatever_their_type(check: Check) -> None:
    check.train(TABLE.replace(",0\n", ",FALSE\n").replace(",1\n", ",TRUE\n"))
    experiment = check.load("--set", "Preprocessor.types.y=boolean")
    task = next(one for one in experiment.tasks if one.task_family == "Preprocessor")
    train = task.read().frames["train"]

    assert set(train.astype(task.choice().types_of(train))["y"]) == {"TRUE", "FALSE"}


def test_another_word_in_a_column_typed_as_boolean_is_named(check: Check) -> None:
    check.train(TABLE.replace(",3,", ",maybe,"))

    check.refuses(
        "--set", "Preprocessor.types.x=bool",
        because=["train.csv", 'x: line 4 is "2", no truth value', "Known are true, t, yes, y, 1"],
    )  # fmt: skip


# C10 to C13


def test_an_index_of_pandas_is_left_out(check: Check) -> None:
    frame = pd.DataFrame({"x": range(20), "y": [0, 1] * 10})
    check.train(frame.to_csv())
    check.test(frame[["x"]].to_csv())

    experiment = check.load()

    assert experiment.dataset.facts.train_columns == ("x", "y")
    (note,) = experiment.dataset.notes
    assert note.text.startswith("train.csv, test.csv: the first column, which has no name,")


@pytest.mark.parametrize("name", ["model_type_index", "ID", "key"])
def test_a_doubled_column_named_like_an_id_is_a_feature_by_guess(check: Check, name: str) -> None:
    check.train(f"{name},x,y\n" + "".join(f"{row % 5},{row},{row % 2}\n" for row in range(20)))
    check.test(f"{name},x\n1,1\n")

    (text,) = warnings(check)

    assert "so predictions are numbered (by guess; " in text
    assert warnings(check, "--set", "Dataset.has_id=false") == []


def test_the_first_unique_one_of_several_ids_is_taken(check: Check) -> None:
    check.train("ID,row_id,x,y\n" + "".join(f"1,{row},{row},{row % 2}\n" for row in range(20)))
    check.test("ID,row_id,x\n1,1,1\n")

    experiment = check.load()

    assert experiment.tables["Prediction"]["id"] == "row_id"
    assert experiment.dataset.notes == ()


FOLLOWING = ["Evaluator.scoring=rmse", "Trainer.estimator=sklearn.linear_model.LinearRegression"]


@pytest.mark.parametrize("setting", FOLLOWING)
def test_a_mistake_that_may_follow_from_a_guessed_kind_says_so(check: Check, setting: str) -> None:
    check.train(HEADER + "".join(f"{row},1,{row % 7}\n" for row in range(70)))
    if setting.startswith("Evaluator"):
        setting = 'Evaluator.scoring=["rmse"]'

    message = check.refuses(
        "--set", setting, because=["kind: y was taken for classes, a guess by its 7 values."]
    )

    assert 'If it is a quantity: kind = "regression".' in message
    check.load("--set", setting, "--set", "Dataset.kind=regression")


def test_a_class_of_one_row_may_follow_from_a_guessed_kind(check: Check) -> None:
    check.train(TABLE + "20,1,2\n")

    check.refuses(because=['set kind = "regression"', "a guess"])

    check.load("--set", "Dataset.kind=regression")


def test_several_whole_numbers_taken_for_classes_are_said(check: Check) -> None:
    check.train(HEADER + "".join(f"{row},1,{row % 7}\n" for row in range(70)))

    (note,) = check.load().dataset.notes

    assert note.text.startswith("y: 7 whole numbers, taken for classes (a guess; ")
    assert not note.is_warning


def test_columns_that_test_lacks_are_left_out_where_the_target_is_named(check: Check) -> None:
    check.train(
        "casual,registered,x,count\n"
        + "".join(f"{row},{row},{row % 7},{2 * row}\n" for row in range(40))
    )
    check.test("x\n1\n")

    check.refuses(because=["train has casual, registered, count that test lacks. Name it:"])
    (text,) = warnings(check, "--set", "Dataset.target=count")

    assert text == "casual, registered: left out, since test.csv lacks them"


COLUMNS = [
    ("Dataset.columns.xx=number", "[Dataset.columns]", "xx: is not a column of the files. Did you"),
    ("Dataset.columns.x=numeric", "[Dataset]", "columns.x: expected 'number', 'category',"),
    ("Dataset.decimal=;", "[Dataset]", "decimal: expected '', '.' or ','"),
    ("Dataset.thousands='1'", "[Dataset]", 'thousands: got "1", wanted: Sign between thousands'),
    ("Dataset.missing=NA", "[Dataset]", "missing: "),
]


@pytest.mark.parametrize(("setting", "table", "because"), COLUMNS)
def test_wrong_keys_of_reading_are_refused(
    check: Check, setting: str, table: str, because: str
) -> None:
    check.refuses("--set", setting, because=[table, because])


def test_without_a_csv_file_the_only_one_of_another_format_is_taken(check: Check) -> None:
    folder = check.folder / "input"
    for part in ("train", "test"):
        pd.read_csv(folder / f"{part}.csv").to_parquet(folder / f"{part}.parquet")
        (folder / f"{part}.csv").unlink()

    experiment = check.load()

    assert experiment.tables["Dataset"]["train"] == "train.parquet"
    assert experiment.tables["Preprocessor"]["test_file"] == str(folder / "test.parquet")


def test_of_several_files_of_other_formats_none_is_taken(check: Check) -> None:
    folder = check.folder / "input"
    pd.read_csv(folder / "train.csv").to_parquet(folder / "train.parquet")
    (folder / "train.csv").rename(folder / "train.tsv")

    check.refuses(because=["train.csv", "The folder holds: test.csv, train.parquet, train.tsv"])
