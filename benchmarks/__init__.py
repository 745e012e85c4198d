"""Side-by-side measurements of Runforest: `python -m benchmarks`, or one of them by its name."""

import sys
from pathlib import Path

# The engine of this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
