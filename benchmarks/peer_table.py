"""The peers: how each is started, prepared, and told another seed."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A way to run the pipeline.

    `seed_edit` is a file and how its text changes for another seed; `seed_options` does the same
    on the command line. `steps` is where the module with the work has to lie.
    """

    name: str
    command: tuple[str, ...]
    seed_edit: tuple[str, str, str] | None = None
    seed_options: tuple[str, ...] = ()
    steps: str = "."
    setup: tuple[tuple[str, ...], ...] = ()


PEER_TABLE = (
    Peer(name="gokart", command=("python", "main.py"), seed_edit=("param.ini", "= 0", "= 1")),
    Peer(
        name="kedro",
        command=("kedro", "run"),
        seed_edit=("conf/base/parameters.yml", "0", "1"),
        steps="src",
    ),
    Peer(
        name="dvc",
        command=("dvc", "repro"),
        seed_edit=("params.yaml", "0", "1"),
        setup=(("dvc", "init", "-q", "--no-scm"),),
    ),
    Peer(
        name="zenml",
        command=("python", "main.py"),
        seed_edit=("config.yaml", "0", "1"),
        setup=(("zenml", "init"), ("zenml", "stack", "list")),
    ),
    Peer(
        name="metaflow",
        command=("python", "flow.py", "--quiet", "run"),
        seed_options=("--seed", "1"),
    ),
)
PLAIN = Peer(name="plain", command=(sys.executable, "main.py"), seed_edit=("config.json", "0", "1"))
