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
    parser.add_argument("--version", action="version", version=f"runforest {__version__}")
    found = parser.parse_args(arguments)
    return Options(config=tuple(found.config), settings=tuple(found.settings))
