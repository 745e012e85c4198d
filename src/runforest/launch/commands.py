"""The commands of the `runforest` program."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from typing import TYPE_CHECKING

from runforest import __version__

if TYPE_CHECKING:
    from collections.abc import Callable


def parse_command(arguments: list[str]) -> Callable[[], int]:
    """Return the command of a command line, ready to be called; it returns its exit code."""
    parser = argparse.ArgumentParser(prog="runforest", description="Tools around runs.")
    parser.add_argument("--version", action="version", version=f"runforest {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ui = commands.add_parser("ui", help="serve the MLflow page over the project's local store")
    ui.add_argument("--host", default="127.0.0.1", help="address to listen on")
    ui.add_argument("--port", type=int, default=5000, help="port to listen on")
    ui.set_defaults(call=_serve_ui)

    reference = commands.add_parser("reference", help="print the reference of luigi.toml")
    reference.set_defaults(call=_print_reference)

    found = parser.parse_args(arguments)
    return functools.partial(found.call, found)


def _serve_ui(options: argparse.Namespace) -> int:
    """Create the store if need be, then become the MLflow server."""
    from runforest.config.environment import read_environment
    from runforest.launch.cli import find_project
    from runforest.tracking.server import server_command
    from runforest.tracking.store import connect, store_uri

    environment = read_environment(find_project())
    uri = store_uri(environment.tracking_uri, environment.project)
    connect(uri, environment.project)
    command, settings = server_command(uri, environment.project, options.host, options.port)
    os.chdir(environment.project)
    os.execve(sys.executable, command, {**os.environ, **settings})  # noqa: S606 - this program becomes the server


def _print_reference(_options: argparse.Namespace) -> int:
    from runforest.config.environment import read_environment
    from runforest.config.reference import reference_page
    from runforest.launch.cli import find_project
    from runforest.launch.experiment import import_tasks

    import_tasks(read_environment(find_project()).project)
    sys.stdout.write(reference_page())
    return 0
