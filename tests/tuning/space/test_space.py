"""The search space is read from TOML values, and every mistake in it is told."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime

import optuna
import pytest

from runforest.tuning.samplers.table import sampler_problems
from runforest.tuning.space.dimensions import CategoricalDimension, FloatDimension, IntDimension
from runforest.tuning.space.table import grid_size, parse_space, space_problems, suggest
from runforest.tuning.storage.resume import is_inside


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"type": "float", "low": 0, "high": 1}, FloatDimension(low=0.0, high=1.0)),
        (
            {"type": "float", "low": 1e-3, "high": 10.0, "log": True},
            FloatDimension(low=1e-3, high=10.0, log=True),
        ),
        (
            {"type": "float", "low": 0, "high": 1, "step": 0.1},
            FloatDimension(low=0.0, high=1.0, step=0.1),
        ),
        (
            {"type": "float", "low": 0, "high": 1, "step": 0.3},
            FloatDimension(low=0.0, high=0.9, step=0.3),
        ),
        (
            {"type": "float", "low": 0.1, "high": 0.3, "step": 0.2},
            FloatDimension(low=0.1, high=0.3, step=0.2),
        ),
        (
            {"type": "int", "low": 1, "high": 20, "step": 2},
            IntDimension(low=1, high=19, step=2),
        ),
        (
            {"type": "int", "low": 1, "high": 1000, "log": True},
            IntDimension(low=1, high=1000, log=True),
        ),
        ({"type": "categorical", "choices": ["a", 1]}, CategoricalDimension(choices=("a", 1))),
        (["a", 1.5, False], CategoricalDimension(choices=("a", 1.5, False))),
    ],
)
def test_an_entry_becomes_a_dimension(entry: object, expected: object) -> None:
    assert parse_space({"x": entry}) == {"x": expected}


@pytest.mark.parametrize(
    ("entry", "key", "remedy"),
    [
        (3, "x", "expected a list of choices or a table such as"),
        ({}, "x.type", "missing. Known: categorical, float, int"),
        ({"type": "flaot"}, "x.type", "Did you mean `float`"),
        ({"type": 3}, "x.type", "unknown type 3. Known: categorical, float, int"),
        ({"type": "int", "low": 1, "high": 2, "hihg": 2}, "x.hihg", "Did you mean `high`"),
        ({"type": "int", "low": 1}, "x.high", "missing. A int needs it"),
        ({"type": "categorical"}, "x.choices", "missing. A categorical needs it"),
        ({"type": "float", "low": 1.0, "high": 0.1}, "x", "low=1.0, high=0.1."),
        ({"type": "float", "low": 1.0, "high": 1.0}, "x", "low must be below high"),
        ({"type": "float", "low": "0", "high": 1.0}, "x.low", "a finite number, got '0'"),
        ({"type": "float", "low": 0, "high": float("inf")}, "x.high", "a finite number, got inf"),
        ({"type": "int", "low": 1.0, "high": 3}, "x.low", "expected an integer, got 1.0"),
        ({"type": "int", "low": True, "high": 3}, "x.low", "expected an integer, got True"),
        ({"type": "float", "low": 0, "high": 1, "log": 1}, "x.log", "true or false, got 1"),
        ({"type": "float", "low": 0, "high": 1, "log": True}, "x.low", "above 0 with log"),
        (
            {"type": "int", "low": 1, "high": 9, "log": True, "step": 2},
            "x.step",
            "exclude each other, got step=2. Remove one",
        ),
        ({"type": "int", "low": 1, "high": 3, "step": 3}, "x.step", "at most high - low = 2"),
        (
            {"type": "float", "low": 0.1, "high": 0.3, "step": 0.25},
            "x.step",
            r"high - low = 0\.2, got step=0\.25",
        ),
        ({"type": "int", "low": 1, "high": 3, "step": 0}, "x.step", "above 0 .* got step=0"),
        ([], "x.choices", "Add at least one choice"),
        ({"type": "categorical", "choices": "ab"}, "x.choices", r"Write choices = \['ab'\]"),
        ([[100], [50, 50]], "x.choices", r"got \[100\]. For others, override"),
        ([datetime(2026, 1, 1, tzinfo=UTC)], "x.choices", "a text, a number or true/false"),
        (["a", "a"], "x.choices", "'a' stands there more than once"),
    ],
)
def test_a_mistake_has_a_message_with_its_remedy(entry: object, key: str, remedy: str) -> None:
    problems = space_problems({"x": entry})

    assert list(problems) == [key]
    assert re.search(remedy, problems[key])


def test_an_empty_space_is_a_problem() -> None:
    assert "Add a parameter" in space_problems({})[""]


def test_all_mistakes_are_found_at_once() -> None:
    table = {"a": [], "b": {"type": "int", "low": "1", "high": "2"}, "c": [1]}

    assert set(space_problems(table)) == {"a.choices", "b.low", "b.high"}


def test_a_space_with_mistakes_is_not_parsed() -> None:
    with pytest.raises(ValueError, match=r"a\.choices: the list is empty"):
        parse_space({"a": []})


def test_a_trial_gets_a_value_of_each_dimension() -> None:
    space = parse_space(
        {
            "alpha": {"type": "float", "low": 1e-3, "high": 10.0, "log": True},
            "ratio": {"type": "float", "low": 0, "high": 1, "step": 0.3},
            "depth": {"type": "int", "low": 1, "high": 20, "step": 2},
            "solver": ["svd", "lsqr"],
        }
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    values = [suggest(study.ask(), space) for _ in range(30)]

    assert all(1e-3 <= each["alpha"] <= 10 for each in values)
    assert {each["ratio"] for each in values} == {0.0, 0.3, 0.6, 0.9}
    assert {each["depth"] for each in values} <= set(range(1, 20, 2))
    assert {each["solver"] for each in values} == {"svd", "lsqr"}


@pytest.mark.parametrize(
    ("table", "size"),
    [
        ({"a": [1, 2], "b": {"type": "int", "low": 1, "high": 6, "step": 2}}, 6),
        ({"a": {"type": "float", "low": 0, "high": 0.3, "step": 0.1}}, 4),
        ({"a": [1, 2], "b": {"type": "float", "low": 0, "high": 1}}, None),
    ],
)
def test_the_size_of_a_grid_is_the_product_of_its_values(table: dict, size: int | None) -> None:
    assert grid_size(parse_space(table)) == size


def test_a_dimension_of_many_values_takes_no_memory_for_them() -> None:
    n_values = 1_000_000
    table = {
        "a": {"type": "int", "low": 1, "high": n_values},
        "b": {"type": "float", "low": 0, "high": 1, "step": 1 / n_values},
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    tracemalloc.start()

    space = parse_space(table)
    problems = sampler_problems("tpe", space)
    params = suggest(study.ask(), space)
    is_suggestible = is_inside(params, space)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert problems == {}
    assert is_suggestible
    assert peak < n_values


@pytest.mark.parametrize(
    ("value", "nearest"),
    [(0.30000000000000004, 0.3), (0.34, 0.3), (0.36, 0.4), (-1.0, 0.1), (7.0, 0.9), (0.9, 0.9)],
)
def test_a_value_is_moved_to_the_nearest_step(value: float, nearest: float) -> None:
    assert FloatDimension(low=0.1, high=0.9, step=0.1).nearest(value) == nearest


def test_checking_a_space_imports_neither_optuna_nor_scikit_learn() -> None:
    code = (
        "import runforest.tuning.space.table, sys; print({'optuna', 'sklearn'} & set(sys.modules))"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert result.stdout.strip() == "set()"
