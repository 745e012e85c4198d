"""The programs: `python src/runner.py`, and `runforest` with its commands."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from runforest.errors import RunforestError
from runforest.launch.experiment.luigi_import import import_luigi
from runforest.redact import known_secrets, redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runforest.launch.options import Options

import_luigi()  # here, so that it comes first in spawned workers too: they import the program

EXIT_COMPLETE, EXIT_FAILED, EXIT_WRONG_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130
_EXIT_CODES = {"FINISHED": EXIT_COMPLETE, "FAILED": EXIT_FAILED, "KILLED": EXIT_INTERRUPTED}


def run(project: Path, arguments: list[str] | None = None) -> int:
    """Run the experiment of a project and return the exit code of the program."""
    from runforest.launch.options import parse_options

    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    return _guarded(
        lambda: _run(project, options), interrupted="Interrupted before a run was opened."
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the `runforest` command and return its exit code."""
    from runforest.launch.commands import parse_command

    command = parse_command(sys.argv[1:] if arguments is None else arguments)
    return _guarded(command, interrupted="Interrupted.")


def _run(project: Path, options: Options) -> int:
    from runforest.config.environment import read_environment
    from runforest.launch.experiment.load import load_experiment
    from runforest.launch.terminal.plan_view import print_plan

    environment = read_environment(project)
    experiment = load_experiment(options, environment)
    if options.is_plan:
        n_run = print_plan(experiment)
        return EXIT_FAILED if options.has_exit_code and n_run else EXIT_COMPLETE
    from runforest.launch.execution.execute import execute
    from runforest.launch.terminal.summary import print_summary

    opened, execution = execute(experiment)
    print_summary(experiment, opened, execution)
    if execution.problem:
        sys.stderr.write(f"{execution.problem}\n")
    return _EXIT_CODES[execution.status]


def _guarded(command: Callable[[], int], *, interrupted: str) -> int:
    """Run a command; an expected error is told in one message, without a traceback."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        return command()
    except RunforestError as error:
        sys.stderr.write(redact(f"{error}\n", known_secrets()))
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write(f"{interrupted}\n")
        return EXIT_INTERRUPTED
