"""The commands of the `runforest` program."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from typing import TYPE_CHECKING

from runforest import __version__
from runforest.config.environment import find_project, read_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow import MlflowClient

    from runforest.config.environment import Environment


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

    _add_history(commands)
    found = parser.parse_args(arguments)
    return functools.partial(found.call, found)


def _add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    why = commands.add_parser("why", help="say how two runs differ, and what that did")
    why.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    why.add_argument("other", nargs="?", metavar="RUN", help="compare with it, as the new one")
    why.add_argument("--json", action="store_true", help="for programs")
    why.set_defaults(call=_why)

    reproduce = commands.add_parser("reproduce", help="do a run again and compare the results")
    reproduce.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    reproduce.add_argument(
        "--strict", action="store_true", help="refuse if Python, machine or packages differ"
    )
    reproduce.add_argument(
        "--tolerance",
        type=float,
        default=1e-9,
        metavar="T",
        help="greatest relative difference of metrics where bytes differ (default: 1e-9)",
    )
    reproduce.set_defaults(call=_reproduce)

    collect = commands.add_parser("gc", help="delete old runs with their children and artifacts")
    collect.add_argument("--older-than", default="", metavar="AGE", help="such as 30d, 12h, 4w")
    collect.add_argument("--keep", type=int, metavar="N", help="spare the newest N runs")
    collect.add_argument("--failed", action="store_true", help="only failed and killed runs")
    collect.add_argument("--delete", action="store_true", help="really delete; else only say what")
    collect.set_defaults(call=_collect)


def _serve_ui(options: argparse.Namespace) -> int:
    """Create the store if need be, then become the MLflow server."""
    from runforest.tracking.store.connect import connect, server_command
    from runforest.tracking.store.uri import StoreUri

    environment = read_environment(find_project())
    uri = StoreUri.configured(environment.tracking_uri, environment.project)
    command, settings = server_command(uri, environment.project, options.host, options.port)
    connect(uri.text, environment.project)
    os.chdir(environment.project)
    os.execve(sys.executable, command, {**os.environ, **settings})  # noqa: S606 - this program becomes the server


def _print_reference(_options: argparse.Namespace) -> int:
    from runforest.config.reference import reference_page
    from runforest.launch.experiment.project_tasks import import_tasks

    import_tasks(read_environment(find_project()).project)
    sys.stdout.write(reference_page())
    return 0


def _why(options: argparse.Namespace) -> int:
    from runforest.history.why import explain

    client, _ = _connect()
    runs = [options.run, options.other] if options.other else [options.run]
    return explain(client, runs, as_json=options.json)


def _reproduce(options: argparse.Namespace) -> int:
    from runforest.history.reproduce import reproduce

    client, environment = _connect()
    project, tolerance = environment.project, options.tolerance
    return reproduce(client, options.run, project, is_strict=options.strict, tolerance=tolerance)


def _collect(options: argparse.Namespace) -> int:
    from runforest.config.pins import configured_pins
    from runforest.history.gc import Selection, collect_garbage
    from runforest.tracking.store.uri import StoreUri

    selection = Selection.of(options.older_than, options.keep, only_failed=options.failed)
    client, environment = _connect()
    return collect_garbage(
        client,
        environment.project,
        selection,
        pins=configured_pins(environment),
        is_shared=not StoreUri(client.tracking_uri).is_own(environment.project),
        is_real=options.delete,
    )


def _connect() -> tuple[MlflowClient, Environment]:
    """Return a client of the project's store, and the settings of the environment."""
    from runforest.tracking.store.connect import connect

    environment = read_environment(find_project())
    return connect(environment.tracking_uri, environment.project), environment
