"""The tables of samplers and pruners; Optuna is imported when one is built."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from runforest.errors import did_you_mean
from runforest.tuning.samplers.pruners import count_problems
from runforest.tuning.space.dimensions import CategoricalDimension, Dimension
from runforest.tuning.space.table import grid_size

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

T = TypeVar("T")
MIN_CMAES_NUMBERS = 2
MAX_GRID_POINTS = 1_000_000
Options = Mapping[str, object]
Space = Mapping[str, Dimension]


@dataclass(frozen=True, kw_only=True)
class SamplerChoice:
    """How to build a sampler, and which options it takes.

    `is_reseeded`: each trial has a sampler of its own, seeded by the trial's number, so that an
    interrupted study goes on with the random numbers that an uninterrupted one would use. A
    sampler whose order of points follows from one seed keeps it. `compares_several`: it can learn
    from several objectives, or learns from none.
    """

    build: Callable[[int, Space, Options], BaseSampler]
    options: tuple[str, ...] = ()
    is_reseeded: bool = True
    compares_several: bool = True
    package: str | None = None  # What it needs beyond the core packages.
    extra: str = ""  # The extra of ours that brings the package.


@dataclass(frozen=True, kw_only=True)
class PrunerChoice:
    """How to build a pruner for so many folds, and which options it takes.

    `compares_folds`: it compares the scores of single folds, instead of running means.
    """

    build: Callable[[int, Options], BasePruner]
    options: tuple[str, ...] = ()
    compares_folds: bool = False


def sampler_problems(
    name: str, space: Space | None, options: Options | None = None
) -> dict[str, str]:
    """Return what is wrong with a sampler, by `sampler` or `sampler_options.<name>`.

    The space is None for a task that suggests by itself.
    """
    if name not in SAMPLERS:
        return {"sampler": _unknown(name, "sampler", SAMPLERS)}
    choice = SAMPLERS[name]
    if choice.package and importlib.util.find_spec(choice.package) is None:
        remedy = f"Install it: pip install runforest[{choice.extra}]"
        return {"sampler": f"{name} needs the package `{choice.package}`. {remedy}"}
    unsuited = _space_problem(name, space)
    if unsuited:
        return {"sampler": unsuited}
    return _option_problems(name, "sampler", choice.options, options or {}) or _build_problem(
        "sampler", lambda: choice.build(0, space or {}, options or {})
    )


def pruner_problems(name: str, options: Options | None = None) -> dict[str, str]:
    """Return what is wrong with a pruner, by `pruner` or `pruner_options.<name>`."""
    if name not in PRUNERS:
        return {"pruner": _unknown(name, "pruner", PRUNERS)}
    choice = PRUNERS[name]
    return (
        _option_problems(name, "pruner", choice.options, options or {})
        or count_problems(name, options or {})
        or _build_problem("pruner", lambda: choice.build(2, options or {}))
    )


def _space_problem(name: str, space: Space | None) -> str | None:
    if space is None:
        rule = "grid needs the whole space in search_space, but this task suggests by itself"
        return f"{rule}. Remove its suggest(), or use tpe." if name == "grid" else None
    if name == "grid":
        return _grid_problem(space)
    n_numbers = sum(not isinstance(each, CategoricalDimension) for each in space.values())
    if name == "cmaes" and n_numbers < MIN_CMAES_NUMBERS:
        rule = f"cmaes needs at least {MIN_CMAES_NUMBERS} float or int parameters"
        return f"{rule}, got {n_numbers}: it draws all others at random. Use tpe."
    return None


def _grid_problem(space: Space) -> str | None:
    endless = [key for key, dimension in space.items() if dimension.size() is None]
    if endless:
        return f"grid needs a step for each float. Add one to `{'`, `'.join(endless)}`."
    n_points = grid_size(space) or 0
    if n_points > MAX_GRID_POINTS:
        rule = f"grid takes at most {MAX_GRID_POINTS:,} points"
        return f"{rule}, got {n_points:,}. Use larger steps, or the sampler random or qmc."
    return None


def _unknown(name: str, role: str, table: Mapping[str, object]) -> str:
    return f"unknown {role} {name!r}. Choose one of: {', '.join(table)}."


def _option_problems(
    name: str, role: str, known: tuple[str, ...], options: Options
) -> dict[str, str]:
    return {
        f"{role}_options.{key}": f"unknown option of {name}. {did_you_mean(key, known)}"
        for key in options
        if key not in known
    }


def _build_problem(role: str, build: Callable[[], object]) -> dict[str, str]:
    try:
        build()
    except (TypeError, ValueError) as error:
        return {f"{role}_options": f"{error} Correct the option."}
    return {}


def _quietly(factory: Callable[..., T], **options: object) -> T:
    """Call the factory without Optuna's notice that its interface may change: it is pinned."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return factory(**options)


def _optuna_sampler(name: str, **defaults: object) -> Callable[[int, Space, Options], BaseSampler]:
    def build(seed: int, _space: Space, options: Options) -> BaseSampler:
        import optuna.samplers

        sampler: BaseSampler = _quietly(
            getattr(optuna.samplers, name), seed=seed, **{**defaults, **options}
        )
        return sampler

    return build


def _grid(seed: int, space: Space, _options: Options) -> BaseSampler:
    from runforest.tuning.samplers.grid import GridSampler

    values = {name: dimension.values() or [] for name, dimension in space.items()}
    return GridSampler(values, seed)


def _qmc(seed: int, space: Space, options: Options) -> BaseSampler:
    from runforest.tuning.samplers.qmc import QMCSampler

    distributions = {name: dimension.distribution() for name, dimension in space.items()}
    return _quietly(QMCSampler, space=distributions, seed=seed, **options)


def _nsgaii(seed: int, _space: Space, options: Options) -> BaseSampler:
    from runforest.tuning.samplers.nsgaii import NSGAIISampler

    return _quietly(NSGAIISampler, seed=seed, **options)


def _optuna_pruner(name: str, **defaults: object) -> Callable[[int, Options], BasePruner]:
    def build(_n_folds: int, options: Options) -> BasePruner:
        import optuna.pruners

        pruner: BasePruner = _quietly(getattr(optuna.pruners, name), **{**defaults, **options})
        return pruner

    return build


def _hyperband(n_folds: int, options: Options) -> BasePruner:
    # An integer, since "auto" is guessed from the first trial and lost when a study is resumed.
    return _optuna_pruner("HyperbandPruner", max_resource=n_folds)(n_folds, options)


SAMPLERS: dict[str, SamplerChoice] = {
    "tpe": SamplerChoice(
        build=_optuna_sampler("TPESampler"),
        options=("n_startup_trials", "n_ei_candidates", "multivariate", "group", "constant_liar"),
    ),
    "random": SamplerChoice(build=_optuna_sampler("RandomSampler")),
    "grid": SamplerChoice(build=_grid, is_reseeded=False),
    "qmc": SamplerChoice(build=_qmc, options=("qmc_type", "scramble"), is_reseeded=False),
    "cmaes": SamplerChoice(
        build=_optuna_sampler("CmaEsSampler", warn_independent_sampling=False),
        options=("sigma0", "n_startup_trials", "popsize", "with_margin", "lr_adapt"),
        compares_several=False,
        package="cmaes",
        extra="cmaes",
    ),
    "gp": SamplerChoice(
        build=_optuna_sampler("GPSampler", deterministic_objective=False),
        options=("n_startup_trials", "deterministic_objective"),
        package="torch",
        extra="gp",
    ),
    "nsgaii": SamplerChoice(
        build=_nsgaii,
        options=("population_size", "mutation_prob", "crossover_prob", "swapping_prob"),
    ),
}

_STARTUP = ("n_startup_trials", "n_warmup_steps", "interval_steps", "n_min_trials")

PRUNERS: dict[str, PrunerChoice] = {
    "none": PrunerChoice(build=_optuna_pruner("NopPruner")),
    "median": PrunerChoice(build=_optuna_pruner("MedianPruner"), options=_STARTUP),
    "percentile": PrunerChoice(
        build=_optuna_pruner("PercentilePruner", percentile=25.0),
        options=("percentile", *_STARTUP),
    ),
    "successive_halving": PrunerChoice(
        build=_optuna_pruner("SuccessiveHalvingPruner", min_resource=1),
        options=("min_resource", "reduction_factor", "min_early_stopping_rate", "bootstrap_count"),
    ),
    "hyperband": PrunerChoice(
        build=_hyperband, options=("min_resource", "reduction_factor", "bootstrap_count")
    ),
    "wilcoxon": PrunerChoice(
        build=_optuna_pruner("WilcoxonPruner"),
        options=("p_threshold", "n_startup_steps"),
        compares_folds=True,
    ),
}
"""A step of a pruner is a fold, counted from 1."""
