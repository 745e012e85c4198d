"""Run the experiment that luigi.toml describes: `python src/runner.py`."""

import sys
from pathlib import Path

from runforest.launch.cli import run

if __name__ == "__main__":
    sys.exit(run(Path(__file__).resolve().parents[1]))
