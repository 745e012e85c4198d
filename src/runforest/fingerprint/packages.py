"""Versions of the third-party distributions that provide given modules."""

from __future__ import annotations

from functools import cache
from importlib import metadata


def package_versions(modules: set[str]) -> dict[str, str]:
    """Return distribution -> version for the top-level modules that are installed.

    >>> sorted(package_versions({"sklearn"}))
    ['scikit-learn']
    """
    versions: dict[str, str] = {}
    for module in sorted(modules):
        for name in _distributions(module):
            versions[name] = metadata.version(name)
    return versions


def _distributions(module: str) -> list[str]:
    """Return the distributions of a module; most bear its name, which spares the look-up."""
    try:
        metadata.version(module)
    except metadata.PackageNotFoundError:
        return sorted(set(_all_distributions().get(module, [])))
    return [module]


@cache
def _all_distributions() -> dict[str, list[str]]:
    return {module: list(names) for module, names in metadata.packages_distributions().items()}
