"""What [Dataset] says of splits is checked against the rows before a run is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Check

ROWS = [f"{row},p{row % 6},2024-01-{1 + row:02},{row % 7},{row % 2}\n" for row in range(24)]
HEADER = "id,patient,date,x,y\n"


@pytest.fixture
def patients(check: Check) -> Check:
    """Return a project with rows of six patients, one a day."""
    check.train(HEADER + "".join(ROWS))
    check.test("id,patient,date,x\n100,p9,2024-02-01,1\n")
    return check


def settings(*values: str) -> list[str]:
    return [part for value in values for part in ("--set", f"Dataset.{value}")]


@pytest.mark.parametrize(
    ("values", "splits"),
    [
        ([], {}),
        (["group=patient"], {"group": "patient", "hidden": ["patient"]}),
        (["time=date", "holdout=0.25"], {"time": "date", "holdout": 0.25}),
        (["cv=repeated"], {"cv": {"name": "repeated"}}),
        (["cv={ n_splits = 3 }"], {"cv": {"n_splits": 3}}),
    ],
)
def test_tuner_trainer_and_evaluator_get_the_same_splits(patients: Check, values, splits) -> None:
    tables = patients.load(*settings(*values)).tables

    assert tables["Trainer"]["splits"] == splits
    assert tables["Tuner"]["splits"] == splits
    assert tables["Evaluator"]["splits"] == splits
    assert "splits" not in tables["Preprocessor"]


def test_a_time_that_the_test_file_lacks_is_no_feature(patients: Check) -> None:
    patients.test("id,patient,x\n100,p9,1\n")

    dataset = patients.load(*settings("time=date", "target=y")).dataset.dataset

    assert dataset.splits["hidden"] == ["date"]


def test_what_is_known_of_the_rows_leaves_out_the_held_out_ones(patients: Check) -> None:
    facts = patients.load(*settings("group=patient", "holdout=0.5")).dataset.facts

    assert (facts.n_rows, facts.n_groups, facts.smallest_class) == (12, 3, facts.smallest_class)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["group=patiant"], 'group: "patiant" is not a column of the training file. Did you mean'),
        (["time=day"], 'time: "day" is not a column of the training file. Known:'),
        (["group=y", "target=y"], 'group: "y" is the target. Name another column.'),
        (["group=id", "id=id"], 'group: "id" is the id. Name another column.'),
        (["group=patient", "time=date"], "time: cannot be set together with group"),
        (["holdout=1"], "holdout: must be below 1.0, got 1."),
        (["holdout=-0.1"], "holdout: must be at least 0.0, got -0.1."),
        (["holdout=some"], 'holdout: expected a number, got "some".'),
        (["cv=5"], "cv: expected a string or a table, got 5."),
        (["cv=kfold"], 'cv: unknown splitter "kfold". Did you mean `k_fold`?'),
        (["cv={ name = 'k_fold', n_split = 3 }"], "cv: unknown option n_split of k_fold."),
        (
            ["group=patient", "cv=k_fold"],
            "cv: k_fold does not keep the rows of one patient together",
        ),
        (["group=patient", "cv={ n_splits = 7 }"], "Set n_splits = 6."),
    ],
)
def test_splits_that_cannot_be_made_are_refused(patients: Check, values, message) -> None:
    printed = patients.refuses(*settings(*values), because=["[Dataset]", message])

    assert len(printed.splitlines()) == 2


def test_the_remedy_for_too_many_folds_of_groups_works(patients: Check) -> None:
    group = settings("group=patient")
    patients.refuses(
        *group, "--set", "Evaluator.n_folds=7",
        because=["[Evaluator]", "n_folds: must be at most 6, the groups, got 7. Set n_folds = 6."],
    )  # fmt: skip

    assert patients.load(*group, "--set", "Evaluator.n_folds=6")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("drop_columns", '["patient"]', "is the group of [Dataset]. Take it out."),
        ("train_columns", '["x"]', "is the group of [Dataset]. Add it."),
        ("rename", '{ patient = "who" }', "is the group of [Dataset], which keeps its name."),
    ],
)
def test_a_group_that_would_not_be_in_the_tables_is_refused(
    patients: Check, key: str, value: str, message: str
) -> None:
    patients.refuses(
        *settings("group=patient"), "--set", f"Preprocessor.{key}={value}",
        because=["[Preprocessor]", f'{key}: "patient" {message}'],
    )  # fmt: skip


def test_rows_without_a_group_are_counted(patients: Check) -> None:
    patients.train(HEADER + "".join(ROWS) + "90,,2024-02-01,1,1\n")

    patients.refuses(
        *settings("group=patient"),
        because=["group: patient has no value in 1 row. Fill it in, or leave such rows out."],
    )


def test_times_are_dates_or_numbers(patients: Check) -> None:
    assert patients.load(*settings("time=x")).dataset.facts.n_times == 7
    assert patients.load(*settings("time=date")).dataset.facts.n_times == 24

    patients.refuses(*settings("time=patient"), because=["neither dates nor numbers", "p0"])


def test_a_key_that_repeats_is_no_id_where_it_is_the_group(check: Check) -> None:
    check.train("user_id,x,y\n" + "".join(f"{row % 5},{row},{row % 2}\n" for row in range(20)))
    check.test("user_id,x\n9,1\n")

    dataset = check.load(*settings("group=user_id")).dataset.dataset

    assert dataset.id == ""
    assert dataset.splits["group"] == "user_id"


def test_rows_in_time_are_hinted_at_until_splits_are_said(patients: Check) -> None:
    hint = 'date: rows are in its order; scores on later rows? [Dataset] time = "date" (a guess)'

    assert hint in [note.text for note in patients.load().dataset.notes]

    for said in ("time=date", "group=patient", "cv=k_fold"):
        assert hint not in [note.text for note in patients.load(*settings(said)).dataset.notes]
