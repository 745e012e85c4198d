"""The command line of runner.py."""

from __future__ import annotations

import argparse
import functools
from dataclasses import dataclass

from runforest import __version__
from runforest.reuse import DOWNSTREAM


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    config: list[str]
    settings: list[str]
    is_plan: bool
    has_exit_code: bool
    force: list[str]
    force_downstream: list[str]

    @property
    def forced(self) -> dict[str, list[str]]:
        """Names of tasks, by the option that forces them."""
        return {"--force": self.force, DOWNSTREAM: self.force_downstream}


def parse_options(arguments: list[str]) -> Options:
    """Return the options of a command line; wrong ones end the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="runner.py",
        description="Run the experiment of luigi.toml as one MLflow run.",
        epilog="exit codes: 0 complete, 1 a task failed, 2 the configuration or an input is wrong, "
        "130 interrupted",
        allow_abbrev=False,
    )
    add_list = functools.partial(parser.add_argument, action="append", default=[])
    add_list(
        "--config",
        metavar="FILE",
        help="configuration file; given several times, later ones overlay earlier ones "
        "(default: luigi.toml of the project, or LUIGI_CONFIG_PATH)",
    )
    add_list(
        "--set",
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
    add_list(
        "--force",
        metavar="TASK",
        help="compute a task even if its result is known; what follows it runs if that changed",
    )
    add_list(
        DOWNSTREAM,
        metavar="TASK",
        help="compute a task and everything that follows it",
    )
    parser.add_argument("--version", action="version", version=f"runforest {__version__}")
    options = Options(**vars(parser.parse_args(arguments)))
    if options.has_exit_code and not options.is_plan:
        parser.error("--exit-code goes with --plan. Add --plan.")
    return options
