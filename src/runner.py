"""Run the experiment that luigi.toml describes: `python src/runner.py`."""

import sys
from pathlib import Path

try:
    from runforest.launch.cli import run
except ModuleNotFoundError as error:
    sys.stderr.write(
        f"{sys.executable} has no module {error.name}. Run `make run`, which installs all of them "
        "into .venv, or install them yourself: pip install -e . -c constraints.txt\n"
    )
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(run(Path(__file__).resolve().parents[1]))
