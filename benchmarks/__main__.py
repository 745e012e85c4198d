"""Run the benchmarks: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks import (
    big_and_wide,
    fanout,
    hidden_by_work,
    house_prices,
    large_file,
    lookup,
    parallel,
    pipeline,
    pruning,
    scale,
    trial_overhead,
)
from benchmarks.measure import BenchmarkError
from benchmarks.report import print_section, write_section
from benchmarks.workspace import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.report import Section

BENCHMARKS: dict[str, Callable[[int], Section]] = {
    "pipeline": pipeline.run,
    "fanout": fanout.run,
    "lookup": lookup.run,
    "large_file": large_file.run,
    "big_and_wide": big_and_wide.run,
    "trial_overhead": trial_overhead.run,
    "trial_overhead_server": trial_overhead.run_server,
    "hidden_by_work": hidden_by_work.run,
    "parallel": parallel.run,
    "scale": scale.run,
    "pruning": pruning.run,
    "house_prices": house_prices.run,
}
COUNT_THEMSELVES = (
    "large_file",
    "trial_overhead",
    "trial_overhead_server",
    "scale",
    "pruning",
    "house_prices",
)
"""Those that say how often they measure: once, in a column of the table, or by seeds."""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, all by default; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5, help="how often all is repeated")
    parser.add_argument(
        "--print-only", action="store_true", help="leave docs/benchmarks.md as it is"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - BENCHMARKS.keys())
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}. Choose of {', '.join(BENCHMARKS)}.")
    has_failed = False
    for name in options.names or BENCHMARKS:
        try:
            section = _measured(name, options.rounds)
        except BenchmarkError as error:
            sys.stderr.write(f"{name}: {error}\n")
            has_failed = True
            continue
        print_section(section)
        if not options.print_only:
            write_section(PROJECT / "docs" / "benchmarks.md", name, section)
    return int(has_failed)


def _measured(name: str, rounds: int) -> Section:
    """Run a benchmark; its section says how many rounds its figures come from."""
    section = BENCHMARKS[name](rounds)
    if name in COUNT_THEMSELVES:
        return section
    counted = "1 round." if rounds == 1 else f"{rounds} rounds."
    return replace(section, remarks=(*section.remarks, counted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
