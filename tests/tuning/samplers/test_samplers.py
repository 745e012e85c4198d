"""Samplers and pruners are tables; each entry of them builds and is checked."""

from __future__ import annotations

import sys

import optuna
import pytest

from runforest.tuning.samplers.pruners import PRUNERS, pruner_problems
from runforest.tuning.samplers.table import SAMPLERS, sampler_choice, sampler_problems
from runforest.tuning.space.table import grid_points, parse_space, suggest

STEPS = parse_space(
    {
        "a": {"type": "float", "low": 0, "high": 1, "step": 0.5},
        "b": {"type": "int", "low": 1, "high": 3},
    }
)
ENDLESS = parse_space({"alpha": {"type": "float", "low": 0, "high": 1}, "b": [1, 2]})


def needs_package(name: str) -> pytest.MarkDecorator | tuple[()]:
    return pytest.mark.skipif(
        bool(sampler_problems(name, STEPS)), reason=f"the package of {name} is not installed"
    )


@pytest.mark.parametrize("name", [pytest.param(n, marks=needs_package(n)) for n in SAMPLERS])
def test_a_sampler_gives_the_same_points_for_a_seed(name: str) -> None:
    drawn = []
    for _ in range(2):
        study = optuna.create_study(sampler=SAMPLERS[name].build({}, seed=3, space=STEPS))
        trials = [study.ask() for _ in range(4)]
        drawn.append([suggest(trial, STEPS) for trial in trials[:1]])

    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("name", PRUNERS)
def test_a_pruner_is_built_without_options(name: str) -> None:
    assert isinstance(PRUNERS[name].build({}, max_resource=5), optuna.pruners.BasePruner)
    assert pruner_problems(name) == {}


@pytest.mark.parametrize(
    ("name", "option", "check"),
    [
        ("tpe", "n_startup_trials", lambda name, given: sampler_problems(name, STEPS, given)),
        ("qmc", "scramble", lambda name, given: sampler_problems(name, STEPS, given)),
        ("median", "n_warmup_steps", pruner_problems),
        ("hyperband", "reduction_factor", pruner_problems),
    ],
)
def test_an_unknown_option_names_a_near_one(name, option, check) -> None:
    (message,) = check(name, {f"{option}x": 1}).values()

    assert f"Did you mean `{option}`" in message


@pytest.mark.parametrize("option", ["seed", "space"])
def test_what_the_driver_gives_a_sampler_is_no_option(option: str) -> None:
    assert f"sampler_options.{option}" in sampler_problems("qmc", STEPS, {option: 1})


def test_an_unknown_sampler_lists_the_known_ones() -> None:
    assert sampler_problems("TPE", STEPS) == {
        "sampler": "unknown sampler 'TPE'. Choose one of: tpe, random, grid, qmc, cmaes, nsgaii; "
        "or an import path, such as optuna.samplers.GPSampler."
    }


def test_an_unknown_pruner_lists_the_known_ones() -> None:
    assert "Choose one of: none, median, percentile" in pruner_problems("mean")["pruner"]


@pytest.mark.parametrize(
    ("sampler", "package", "installed"),
    [
        ("cmaes", "cmaes", "runforest[cmaes]"),
        ("optuna.samplers.CmaEsSampler", "cmaes", "runforest[cmaes]"),
        ("optuna.samplers.GPSampler", "torch", "torch"),
    ],
)
def test_a_missing_package_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, sampler: str, package: str, installed: str
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "Editable" not in str(f)])

    assert sampler_problems(sampler, STEPS) == {
        "sampler": f"{sampler} needs the package `{package}`. Install it: pip install {installed}"
    }


def test_any_sampler_of_optuna_can_be_named_by_its_import_path() -> None:
    name = "optuna.samplers.TPESampler"

    assert sampler_problems(name, STEPS, {"n_startup_trials": 3}) == {}
    assert sampler_choice(name).is_reseeded


@pytest.mark.parametrize(
    ("name", "options", "key", "remedy"),
    [
        ("optuna.samplers.TPESampler", {"n_startup": 3}, "n_startup", "mean `n_startup_trials`"),
        ("optuna.samplers.TPESample", {}, "", "Did you mean `TPESampler`"),
        ("optuna.pruners.MedianPruner", {}, "", "Name a subclass of optuna.samplers.BaseSampler"),
        ("optuna.samplers.PartialFixedSampler", {}, "", "Correct the option"),
        ("absent_package.Sampler", {}, "", "Install the package that holds it"),
    ],
)
def test_what_is_wrong_with_an_imported_sampler_is_found_before_a_run(
    name: str, options: dict, key: str, remedy: str
) -> None:
    ((where, message),) = sampler_problems(name, STEPS, options).items()

    assert remedy in message
    assert where.endswith(key)


def test_a_grid_needs_steps() -> None:
    assert "Add one to `alpha`" in sampler_problems("grid", ENDLESS)["sampler"]


def test_a_grid_is_refused_for_a_task_that_suggests_by_itself() -> None:
    assert "Remove its suggest(), or use tpe" in sampler_problems("grid", None)["sampler"]


def test_a_grid_of_too_many_points_is_refused() -> None:
    space = parse_space({"a": {"type": "int", "low": 1, "high": 2**31}, "b": [1, 2]})

    assert sampler_problems("grid", space) == {
        "sampler": "grid takes at most 1,000,000 points, got 4,294,967,296. "
        "Use larger steps, or the sampler random or qmc."
    }


@pytest.mark.parametrize(
    ("name", "options", "remedy"),
    [("qmc", {"qmc_type": "sobo"}, "halton"), ("nsgaii", {"population_size": 1}, "greater")],
)
def test_the_error_of_a_refused_option_names_what_is_allowed(
    name: str, options: dict, remedy: str
) -> None:
    assert remedy in sampler_problems(name, STEPS, options)["sampler_options"]


def test_the_error_of_a_refused_option_of_a_pruner_names_what_is_allowed() -> None:
    problems = pruner_problems("percentile", {"percentile": 200})

    assert "between 0 and 100" in problems["pruner_options"]


def test_the_points_of_a_grid_come_once_each_in_an_order_of_the_seed() -> None:
    first, again, other = ([*grid_points(STEPS, seed)] for seed in (0, 0, 1))

    expected = [{"a": a, "b": b} for a in (0.0, 0.5, 1.0) for b in (1, 2, 3)]
    assert first == again != other
    for points in (first, other):
        assert sorted(points, key=lambda point: (point["a"], point["b"])) == expected


def test_of_a_large_grid_the_points_that_are_left_come() -> None:
    space = parse_space({"a": {"type": "int", "low": 1, "high": 20_000}})
    taken = [{"a": number} for number in range(1, 20_001) if number % 100]

    points = [point["a"] for point in grid_points(space, 0, taken)]

    assert sorted(points) == list(range(100, 20_001, 100))


def test_nsgaii_goes_on_after_hundreds_of_generations() -> None:
    space = parse_space({"a": {"type": "float", "low": 0, "high": 1}})
    distributions = {name: dimension.distribution() for name, dimension in space.items()}
    study = optuna.create_study(
        sampler=SAMPLERS["nsgaii"].build({"population_size": 2}, seed=0, space=space)
    )
    study.add_trials(
        optuna.trial.create_trial(
            params={"a": number / 1000},
            distributions=distributions,
            value=number / 1000,
            system_attrs={"NSGAIISampler:generation": number // 2},
        )
        for number in range(1000)
    )

    value = suggest(study.ask(), space)["a"]

    assert 0 <= value <= 1
