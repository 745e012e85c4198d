"""The table of samplers; Optuna is imported when one is built."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature

from runforest.foundation.importing import import_object
from runforest.tuning.samplers.options import OptunaClass
from runforest.tuning.space.dimensions import CategoricalDimension, Dimension
from runforest.tuning.space.table import grid_size

MIN_CMAES_NUMBERS = 2
MAX_GRID_POINTS = 1_000_000
Space = Mapping[str, Dimension]


@dataclass(frozen=True, kw_only=True)
class SamplerChoice(OptunaClass):
    """How to build a sampler from `seed` and `space`.

    `is_reseeded`: each trial has a sampler of its own, seeded by the trial's number, so that an
    interrupted study goes on with the random numbers that an uninterrupted one would use. A
    sampler whose order of points follows from one seed keeps it. `compares_several`: it can learn
    from several objectives, or learns from none.
    """

    is_reseeded: bool = True
    compares_several: bool = True


def sampler_choice(name: str) -> SamplerChoice:
    """Return the choice of a name in the table, or of an import path; ValueError if it is none."""
    if name in SAMPLERS:
        return SAMPLERS[name]
    if "." not in name:
        known = ", ".join(SAMPLERS)
        example = "an import path, such as optuna.samplers.GPSampler"
        message = f"unknown sampler {name!r}. Choose one of: {known}; or {example}."
        raise ValueError(message)
    from optuna.samplers import BaseSampler

    kind = import_object(name)
    if not (isinstance(kind, type) and issubclass(kind, BaseSampler)):
        message = f"{name} is no sampler of Optuna. Name a subclass of optuna.samplers.BaseSampler."
        raise ValueError(message)  # noqa: TRY004 - a name is wrong, as above
    return SamplerChoice(path=name, is_reseeded="seed" in signature(kind).parameters)


def sampler_problems(
    name: str, space: Space | None, options: Mapping[str, object] | None = None
) -> dict[str, str]:
    """Return what is wrong with a sampler, by `sampler` or `sampler_options.<name>`.

    The space is None for a task that suggests by itself.
    """
    try:
        choice = sampler_choice(name)
    except ValueError as error:
        return {"sampler": str(error)}
    package, installation = _LATE_PACKAGES.get(choice.path.rpartition(".")[2], ("", ""))
    if package and importlib.util.find_spec(package) is None:
        remedy = f"Install it: pip install {installation}"
        return {"sampler": f"{name} needs the package `{package}`. {remedy}"}
    unsuited = _space_problem(name, space)
    if unsuited:
        return {"sampler": unsuited}
    return choice.problems(name, "sampler", options or {}, seed=0, space=space or {})


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


SAMPLERS: dict[str, SamplerChoice] = {
    "tpe": SamplerChoice(path="optuna.samplers.TPESampler"),
    "random": SamplerChoice(path="optuna.samplers.RandomSampler"),
    # The driver fixes the points of a grid, so nothing is left to choose.
    "grid": SamplerChoice(path="optuna.samplers.RandomSampler", is_reseeded=False),
    "qmc": SamplerChoice(path="runforest.tuning.samplers.resumable.QMCSampler", is_reseeded=False),
    "cmaes": SamplerChoice(
        path="optuna.samplers.CmaEsSampler",
        defaults={"warn_independent_sampling": False},
        compares_several=False,
    ),
    "nsgaii": SamplerChoice(path="runforest.tuning.samplers.resumable.NSGAIISampler"),
}

_LATE_PACKAGES = {"GPSampler": ("torch", "torch"), "CmaEsSampler": ("cmaes", "runforest[cmaes]")}
"""Packages that samplers of Optuna import when they choose their first parameters."""
