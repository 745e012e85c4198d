"""The columns with a role: found when they are left out, refused when they cannot have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Check

HEADER = "id,x,y\n"


def rows(target: str = "{parity}", n: int = 20) -> str:
    """Return rows of id, x and a target; `target` may use row, parity and third."""
    return "".join(
        f"{row},{row % 7},{target.format(row=row, parity=row % 2, third=row / 3)}\n"
        for row in range(n)
    )


TARGETS = [
    pytest.param(
        HEADER + rows("1"),
        [],
        ["target: y has the same value in every row", "Name another column."],
        id="constant",
    ),
    pytest.param(
        HEADER + rows(""),
        [],
        ["target: y has no value in any row. Name another column, or repair the file."],
        id="without any value",
    ),
    pytest.param(
        HEADER + rows(),
        ["Dataset.target=yy"],
        ['target: "yy" is not a column of train.csv. Did you mean `y`?'],
        id="misspelt",
    ),
    pytest.param(
        HEADER + rows(),
        ["Dataset.target=label"],
        ['target: "label" is not a column of train.csv. Known: id, x, y.'],
        id="unknown",
    ),
    pytest.param(
        "id,x,y,z\n" + rows("1,{parity}"),
        [],
        ["target: cannot be inferred: train has y, z that test lacks.", 'Name it: target = "...".'],
        id="two to choose from",
    ),
    pytest.param(
        "id,x\n" + "".join(f"{row},1\n" for row in range(9)),
        [],
        ["target: cannot be inferred: train has no column that test lacks.", "Name it: target ="],
        id="none to choose from",
    ),
    pytest.param(
        HEADER + rows("text{parity}"),
        ["Dataset.kind=regression"],
        ['target: y holds text, got kind = "regression". Set kind = "classification".'],
        id="text as a number",
    ),
    pytest.param(
        HEADER + rows() + "20,1,2\n",
        [],
        ["n_folds: must be at most 1, the rows of the smallest class", "Merge that class with"],
        id="a class of one row",
    ),
    pytest.param(
        HEADER + rows() + "20,1,2\n21,1,2\n",
        ["Evaluator.n_folds=3", "Dataset.kind=classification"],
        ["n_folds: must be at most 2", "got 3. Set n_folds = 2."],
        id="more folds than rows of a class",
    ),
    pytest.param(
        HEADER + rows("{third}"),
        ["Evaluator.n_folds=21", "Dataset.kind=regression"],
        ["n_folds: must be at most 20, the rows, got 21. Set n_folds = 20."],
        id="more folds than rows",
    ),
    pytest.param(
        "id,y\n0,0\n1,1\n2,0\n3,1\n",
        [],
        ["no column is left to learn from, beside the target and the id. Keep some."],
        id="nothing to learn from",
    ),
]


@pytest.mark.parametrize(("train", "settings", "because"), TARGETS)
def test_a_target_that_cannot_be_learnt_is_refused_with_its_remedy(
    check: Check, train: str, settings: list[str], because: list[str]
) -> None:
    check.train(train)
    if train.startswith("id,y"):
        check.test("id\n100\n")
    options = [part for setting in settings for part in ("--set", setting)]

    message = check.refuses(*options, because=because)

    assert len(message.splitlines()) == 2


def test_more_folds_than_rows_of_a_guessed_class_are_refused_with_both_remedies(
    check: Check,
) -> None:
    check.train(HEADER + rows() + "20,1,2\n21,1,2\n")
    remedies = ["must be at most 2", "Set n_folds = 2.", "a guess", 'kind = "regression"']

    check.refuses("--set", "Evaluator.n_folds=3", because=remedies)

    check.load("--set", "Evaluator.n_folds=2")
    check.load("--set", "Evaluator.n_folds=3", "--set", "Dataset.kind=regression")


KINDS = [
    ("{parity}", "classification"),
    ("text{parity}", "classification"),
    ("{row}", "classification"),
    ("{third}", "regression"),
]


@pytest.mark.parametrize(("target", "kind"), KINDS)
def test_the_kind_follows_from_the_values_of_the_target(
    check: Check, target: str, kind: str
) -> None:
    check.train(HEADER + rows(target))

    experiment = check.load("--set", "RunConfig.task=Preprocessor")

    assert experiment.tables["Dataset"]["kind"] == kind


def test_a_whole_number_of_many_values_is_a_quantity(check: Check) -> None:
    check.train(HEADER + rows("{row}", n=21))

    experiment = check.load()

    assert experiment.tables["Dataset"]["kind"] == "regression"


IDS = ["id", "Id", "ID", "row_id", "PassengerId", "passenger id", "key", "index", "uuid"]


@pytest.mark.parametrize("name", IDS)
def test_a_unique_column_named_like_an_id_is_the_id(check: Check, name: str) -> None:
    check.train(f"{name},x,y\n{rows()}")
    check.test(f"{name},x\n100,1\n")

    experiment = check.load()

    assert experiment.tables["Prediction"]["id"] == name


@pytest.mark.parametrize("name", ["humid", "covid", "valid", "idea", "keyboard", "paid"])
def test_a_word_that_only_ends_or_begins_like_an_id_is_a_feature(check: Check, name: str) -> None:
    check.train(f"{name},x,y\n{rows()}")
    check.test(f"{name},x\n100,1\n")

    experiment = check.load()

    assert experiment.tables["Prediction"]["id"] == ""


DOUBLED = [
    pytest.param(HEADER + rows() + "0,1,1\n", "id,x\n100,1\n", "1 row repeats a value", id="train"),
    pytest.param(HEADER + rows(), "id,x\n7,1\n7,2\n7,3\n", "2 rows repeat a value", id="test"),
    pytest.param(HEADER + rows() + ",1,1\n", "id,x\n100,1\n", "or has none", id="missing"),
]


@pytest.mark.parametrize(("train", "test", "because"), DOUBLED)
def test_a_named_id_that_is_not_unique_is_refused(
    check: Check, train: str, test: str, because: str
) -> None:
    check.train(train)
    check.test(test)
    remedy = "Remove the doubles, name another column, or set has_id = false to number"

    check.refuses(
        "--set", "Dataset.id=id", because=["[Dataset]", "id: id is not unique", because, remedy]
    )


@pytest.mark.parametrize(("train", "test", "because"), DOUBLED)
def test_a_column_only_named_like_an_id_is_none_if_it_has_doubles(
    check: Check, train: str, test: str, because: str
) -> None:
    check.train(train)
    check.test(test)

    experiment = check.load()

    assert experiment.tables["Prediction"]["id"] == ""
    (note,) = experiment.dataset.notes
    assert note.is_warning
    assert note.text.startswith("id: named like an id, but")
    assert because in note.text


def test_an_id_may_occur_in_both_files(check: Check) -> None:
    check.test("id,x\n1,1\n2,1\n")

    experiment = check.load()

    assert experiment.tables["Prediction"]["id"] == "id"


def test_without_an_id_the_doubled_column_is_a_feature(check: Check) -> None:
    check.train(HEADER + rows() + "0,1,1\n")

    experiment = check.load("--set", "Dataset.has_id=false")

    assert experiment.tables["Prediction"]["id"] == ""


@pytest.mark.parametrize(
    ("name", "because"),
    [("idd", "Did you mean `id`?"), ("number", "Known: id, x."), ("y", "Known: id, x.")],
)
def test_an_id_that_is_not_in_both_files_is_refused(check: Check, name: str, because: str) -> None:
    check.refuses(
        "--set", f"Dataset.id={name}",
        because=["--set [Dataset]", f'id: "{name}" is not a column of both files. {because}'],
    )  # fmt: skip


def test_a_misspelt_target_and_id_come_together(check: Check) -> None:
    check.train("id,x,survived\n" + rows())

    check.refuses(
        "--set", "Dataset.target=surviwed", "--set", "Dataset.id=idd",
        because=["Did you mean `survived`?", "Did you mean `id`?"],
    )  # fmt: skip


def test_a_column_that_test_lacks_is_left_out_and_said(check: Check) -> None:
    check.train("id,x,w,y\n" + rows("1,{parity}"))

    experiment = check.load("--set", "Dataset.target=y")

    (note,) = experiment.dataset.notes
    assert note.text == "w: left out, since test.csv lacks it"


def test_a_column_that_test_lacks_may_be_dropped_but_not_chosen(check: Check) -> None:
    check.train("id,x,w,y\n" + rows("1,{parity}"))
    target = ["--set", "Dataset.target=y"]

    check.load(*target, "--set", 'Preprocessor.drop_columns=["w"]')

    check.refuses(
        *target, "--set", 'Preprocessor.train_columns=["x", "w"]',
        because=["the test table lacks w", "Add them, or leave them out of train_columns."],
    )  # fmt: skip
