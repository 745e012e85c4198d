"""Virtual environments of the peers, made once and kept outside the project."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

from benchmarks.measure import BenchmarkError, clean_environment, prepare
from benchmarks.workspace import PEERS

CACHE_VARIABLE = "RUNFOREST_BENCHMARKS_CACHE"


def peer_environment(peer: str) -> Path | None:
    """Return the `bin` folder of a peer's environment, made if need be; None if it cannot be.

    What is missing is said on standard error, and the benchmark goes on without the peer.
    """
    requirements = PEERS / peer / "requirements.txt"
    folder = cache_folder() / peer
    # Written last, so an environment whose making was interrupted is made again.
    installed = folder / "installed.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if installed.exists() and installed.read_text(encoding="utf-8") == wanted:
        return folder / "bin"
    sys.stderr.write(f"Making the environment of {peer} in {folder}\n")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        venv.create(folder, clear=True, with_pip=True)
        python = str(folder / "bin" / "python")
        prepare([python, *install, "-r", str(requirements)], folder, clean_environment())
    except (BenchmarkError, OSError) as error:
        sys.stderr.write(f"{peer} is left out: {error}\n")
        return None
    installed.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def cache_folder() -> Path:
    """Return the folder of all environments."""
    default = Path.home() / ".cache" / "runforest-benchmarks"
    return Path(os.environ.get(CACHE_VARIABLE, default))
