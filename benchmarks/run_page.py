"""Whether the page of a run opens in a browser, and how long that takes."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from benchmarks.measure import clean_environment
from benchmarks.tracking_server import free_port, stop, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

UI = "import sys; from runforest.launch.cli import main; sys.exit(main())"
LIMIT_S = 120
_RUN = """
    SELECT experiment_id, run_uuid FROM runs WHERE experiment_id =
    (SELECT experiment_id FROM experiments WHERE name = ?) AND run_uuid IN
    (SELECT value FROM tags WHERE key = 'mlflow.parentRunId')
"""


def seconds_to_open(project: Path, experiment: str) -> float | None:
    """Return when the run's page shows its trials and which number; None if it never does.

    The run is the one of the experiment that has children.
    """
    with closing(sqlite3.connect(project / "mlruns" / "mlflow.db")) as base:
        experiment_id, run_id = base.execute(_RUN, (experiment,)).fetchone()
    with _ui(project) as url, _page() as page:
        page.goto(url)  # The programs of the pages are loaded once.
        page.get_by_text("Experiments").first.wait_for()
        clock = time.perf_counter()
        page.goto(f"{url}/#/experiments/{experiment_id}/runs/{run_id}")
        from playwright.sync_api import TimeoutError as NotShownError

        try:
            page.get_by_text("Child runs", exact=True).wait_for()
            page.get_by_role("link", name="trial ").first.wait_for()
        except NotShownError:
            return None
        return time.perf_counter() - clock


def has_browser() -> bool:
    """Return whether a page can be opened here."""
    has_driver = importlib.util.find_spec("playwright") is not None
    return has_driver and shutil.which("chromium") is not None


@contextmanager
def _ui(project: Path) -> Iterator[str]:
    """Serve the runs of a project."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", UI, "ui", "--port", str(port)],
        cwd=project,
        env=clean_environment(PYTHONPATH=str(project / "src")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


@contextmanager
def _page() -> Iterator[Page]:
    """Open an empty page in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1200})
        page.set_default_timeout(1000 * LIMIT_S)
        yield page
        browser.close()
