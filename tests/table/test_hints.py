"""Columns that look like keys of groups, or like the time of the rows, are hinted at."""

from __future__ import annotations

import pandas as pd
import pytest

from runforest.table.hints import split_hints
from tests.conftest import REPOSITORY

DAYS = pd.date_range("2024-01-01", periods=40)


def hints(taken: tuple[str, ...] = (), **columns: object) -> list[str]:
    return [note.text for note in split_hints(pd.DataFrame(columns), taken)]


@pytest.mark.parametrize(
    "name",
    [
        "patient",
        "Patient",
        "user_id",
        "customerId",
        "session-id",
        "subject_no",
        "store_id",
        "users",
    ],
)
def test_a_key_that_repeats_is_hinted_at(name: str) -> None:
    (hint,) = hints(**{name: [f"k{row // 2}" for row in range(40)]})

    assert hint == (
        f'{name}: values repeat over rows; folds by {name}? [Dataset] group = "{name}" (a guess)'
    )


@pytest.mark.parametrize(
    "values", [range(40), [0.5 * (row // 2) for row in range(40)], [1, 2] * 20]
)
def test_a_key_that_does_not_repeat_and_numbers_and_few_values_are_not(values) -> None:
    assert hints(user_id=values) == []


@pytest.mark.parametrize("name", ["ticket", "humid", "grid", "userage", "valid", "Cabin"])
def test_a_column_that_is_not_named_like_a_key_is_not(name: str) -> None:
    assert hints(**{name: [f"k{row // 2}" for row in range(40)]}) == []


@pytest.mark.parametrize("days", [DAYS, DAYS[::-1], DAYS.repeat(2)[:40]])
def test_dates_in_whose_order_the_rows_are_are_hinted_at(days) -> None:
    (hint,) = hints(day=days)

    assert hint == (
        'day: rows are in its order; scores on later rows? [Dataset] time = "day" (a guess)'
    )


def test_dates_in_another_order_are_not() -> None:
    assert hints(born=[*DAYS[20:], *DAYS[:20]]) == []


def test_target_and_id_are_not() -> None:
    keys = [row // 2 for row in range(40)]

    assert hints(("user_id", "day"), user_id=keys, day=DAYS) == []


def test_the_titanic_gets_no_hint() -> None:
    titanic = pd.read_csv(REPOSITORY / "input" / "titanic" / "train.csv")

    assert split_hints(titanic, ("Survived", "PassengerId")) == []
