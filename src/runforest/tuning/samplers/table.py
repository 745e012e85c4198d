"""The table of samplers; Optuna is imported when one is built."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.importing import import_object
from runforest.tuning.samplers.options import Options, build_problem, option_problems, quietly
from runforest.tuning.space.dimensions import CategoricalDimension, Dimension
from runforest.tuning.space.table import grid_size

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

MIN_CMAES_NUMBERS = 2
MAX_GRID_POINTS = 1_000_000
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
    installation: str = ""  # What pip has to install for it.


def sampler_choice(name: str) -> SamplerChoice:
    """Return the choice of a name in the table, or of the import path of a sampler.

    Raises
    ------
    ValueError
        There is no such sampler.
    """
    if name in SAMPLERS:
        return SAMPLERS[name]
    if "." not in name:
        known = ", ".join(SAMPLERS)
        message = (
            f"unknown sampler {name!r}. Choose one of: {known}; or an import path, such as "
            "optuna.samplers.GPSampler."
        )
        raise ValueError(message)
    from optuna.samplers import BaseSampler

    kind = import_object(name)
    if not (isinstance(kind, type) and issubclass(kind, BaseSampler)):
        message = f"{name} is no sampler of Optuna. Name a subclass of optuna.samplers.BaseSampler."
        raise ValueError(message)  # noqa: TRY004 - a name is wrong, as above
    return _imported_choice(kind)


def _imported_choice(kind: type[BaseSampler]) -> SamplerChoice:
    options = [key for key in inspect.signature(kind).parameters if key != "seed"]
    is_seeded = "seed" in inspect.signature(kind).parameters

    def build(seed: int, _space: Space, options: Options) -> BaseSampler:
        return quietly(kind, **({"seed": seed} if is_seeded else {}), **options)

    package = _LATE_PACKAGES.get(kind.__name__)
    return SamplerChoice(
        build=build,
        options=tuple(options),
        is_reseeded=is_seeded,
        package=package,
        installation=package or "",
    )


def sampler_problems(
    name: str, space: Space | None, options: Options | None = None
) -> dict[str, str]:
    """Return what is wrong with a sampler, by `sampler` or `sampler_options.<name>`.

    The space is None for a task that suggests by itself.
    """
    try:
        choice = sampler_choice(name)
    except ValueError as error:
        return {"sampler": str(error)}
    if choice.package and importlib.util.find_spec(choice.package) is None:
        remedy = f"Install it: pip install {choice.installation}"
        return {"sampler": f"{name} needs the package `{choice.package}`. {remedy}"}
    unsuited = _space_problem(name, space)
    if unsuited:
        return {"sampler": unsuited}
    return option_problems(name, "sampler", choice.options, options or {}) or build_problem(
        "sampler", lambda: choice.build(0, space or {}, options or {})
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


def _optuna_sampler(name: str, **defaults: object) -> Callable[[int, Space, Options], BaseSampler]:
    def build(seed: int, _space: Space, options: Options) -> BaseSampler:
        import optuna.samplers

        sampler: BaseSampler = quietly(
            getattr(optuna.samplers, name), seed=seed, **{**defaults, **options}
        )
        return sampler

    return build


def _qmc(seed: int, space: Space, options: Options) -> BaseSampler:
    from runforest.tuning.samplers.resumable import QMCSampler

    distributions = {name: dimension.distribution() for name, dimension in space.items()}
    return quietly(QMCSampler, space=distributions, seed=seed, **options)


def _nsgaii(seed: int, _space: Space, options: Options) -> BaseSampler:
    from runforest.tuning.samplers.resumable import NSGAIISampler

    return quietly(NSGAIISampler, seed=seed, **options)


SAMPLERS: dict[str, SamplerChoice] = {
    "tpe": SamplerChoice(
        build=_optuna_sampler("TPESampler"),
        options=("n_startup_trials", "n_ei_candidates", "multivariate", "group", "constant_liar"),
    ),
    "random": SamplerChoice(build=_optuna_sampler("RandomSampler")),
    # The driver fixes the points of a grid, so nothing is left to choose.
    "grid": SamplerChoice(build=_optuna_sampler("RandomSampler"), is_reseeded=False),
    "qmc": SamplerChoice(build=_qmc, options=("qmc_type", "scramble"), is_reseeded=False),
    "cmaes": SamplerChoice(
        build=_optuna_sampler("CmaEsSampler", warn_independent_sampling=False),
        options=("sigma0", "n_startup_trials", "popsize", "with_margin", "lr_adapt"),
        compares_several=False,
        package="cmaes",
        installation="runforest[cmaes]",
    ),
    "nsgaii": SamplerChoice(
        build=_nsgaii,
        options=("population_size", "mutation_prob", "crossover_prob", "swapping_prob"),
    ),
}

_LATE_PACKAGES = {"GPSampler": "torch", "CmaEsSampler": "cmaes"}
"""Packages that samplers of Optuna import when they choose their first parameters."""
