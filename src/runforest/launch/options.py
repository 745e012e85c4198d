"""The command line of runner.py."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from runforest import __version__

EPILOG = """\
exit codes: 0 complete, 1 a task failed, 2 the configuration or an input is wrong, 130 interrupted
"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for."""

    config: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    is_plan: bool = False
    has_exit_code: bool = False
    force: tuple[str, ...] = ()
    force_downstream: tuple[str, ...] = ()


def parse_options(arguments: list[str]) -> Options:
    """Return the options of a command line; wrong ones end the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="runner.py",
        description="Run the experiment of luigi.toml as one MLflow run.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="configuration file; given several times, later ones overlay earlier ones "
        "(default: luigi.toml of the project, or LUIGI_CONFIG_PATH)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        dest="settings",
        help="set one value over the files, for instance Trainer.seed=1",
    )
    parser.add_argument(
        "--plan",
        action="store_true",
        dest="is_plan",
        help="say what would run, what is reused and why, and do nothing",
    )
    parser.add_argument(
        "--exit-code",
        action="store_true",
        dest="has_exit_code",
        help="with --plan: exit with 1 if a task would run, 0 if none would",
    )
    parser.add_argument(
        "--force",
        action="append",
        default=[],
        metavar="TASK",
        help="compute a task even if its result is known; what follows it runs if that changed",
    )
    parser.add_argument(
        "--force-downstream",
        action="append",
        default=[],
        metavar="TASK",
        help="compute a task and everything that follows it",
    )
    parser.add_argument("--version", action="version", version=f"runforest {__version__}")
    found = parser.parse_args(arguments)
    if found.has_exit_code and not found.is_plan:
        parser.error("--exit-code goes with --plan. Add --plan.")
    return Options(
        config=tuple(found.config),
        settings=tuple(found.settings),
        is_plan=found.is_plan,
        has_exit_code=found.has_exit_code,
        force=tuple(found.force),
        force_downstream=tuple(found.force_downstream),
    )
