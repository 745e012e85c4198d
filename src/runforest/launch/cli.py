"""The programs: `python src/runner.py`, and `runforest` with its commands."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.errors import RunforestError
from runforest.foundation.redact import known_secrets, redact

if TYPE_CHECKING:
    from collections.abc import Callable


def _import_luigi() -> None:
    """Import Luigi without its reading a file.

    While it is imported, Luigi 3.8 reads `luigi.toml` of the current folder and the file of
    LUIGI_CONFIG_PATH with the package `toml`, and raises what that raises at an array of texts and
    numbers, for instance. Runforest reads the configuration itself and gives Luigi the tables.
    """
    named = os.environ.pop("LUIGI_CONFIG_PATH", None)
    try:
        with contextlib.chdir(Path(__file__).parent):
            importlib.import_module("luigi")
    finally:
        if named is not None:
            os.environ["LUIGI_CONFIG_PATH"] = named


_import_luigi()  # here, so that it comes first in spawned workers too: they import the program

EXIT_COMPLETE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
_EXIT_CODES = {"FINISHED": EXIT_COMPLETE, "FAILED": EXIT_FAILED, "KILLED": EXIT_INTERRUPTED}


def run(project: Path, arguments: list[str] | None = None) -> int:
    """Run the experiment of a project and return the exit code of the program."""
    return _guarded(lambda: _run(project, arguments), "Interrupted before a run was opened.")


def main(arguments: list[str] | None = None) -> int:
    """Run the `runforest` command and return its exit code."""
    from runforest.launch.commands import parse_command

    command = parse_command(sys.argv[1:] if arguments is None else arguments)
    return _guarded(command, "Interrupted.")


def _run(project: Path, arguments: list[str] | None) -> int:
    from runforest.config.environment import read_environment
    from runforest.launch.experiment.load import load_experiment
    from runforest.launch.options import parse_options

    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    experiment = load_experiment(options, read_environment(project))
    if options.is_plan:
        from runforest.launch.terminal.tables import print_plan

        n_run = print_plan(experiment)
        return EXIT_FAILED if options.has_exit_code and n_run else EXIT_COMPLETE
    from runforest.launch.execution.execute import execute
    from runforest.launch.terminal.tables import print_summary

    opened, execution = execute(experiment)
    print_summary(experiment, opened, execution)
    if execution.problem:
        sys.stderr.write(f"{execution.problem}\n")
    return _EXIT_CODES[execution.status]


def _guarded(command: Callable[[], int], interrupted: str) -> int:
    """Run a command; print an expected error as one message, without a traceback."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        return command()
    except RunforestError as error:
        sys.stderr.write(redact(f"{error}\n", known_secrets()))
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write(f"{interrupted}\n")
        return EXIT_INTERRUPTED
