"""What people use of Runforest is one flat list of names, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import runforest


@pytest.mark.parametrize("name", runforest.__all__)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    found = getattr(runforest, name)

    assert found.__module__ == runforest.HOMES[name]


def test_completion_shows_the_public_names_alone() -> None:
    assert dir(runforest) == sorted(runforest.__all__) == sorted(runforest.HOMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'RunTsk'"):
        _ = runforest.RunTsk


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = "import sys, runforest; print({'luigi', 'mlflow', 'pandas'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "set()"
