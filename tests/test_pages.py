"""What a person sees: the pages of the UI over the project's local store, in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import answers, free_port, make_project, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun
    from playwright.sync_api import Browser, Page

    from tests.conftest import Project
    from tests.warm import Started

pytestmark = pytest.mark.slow

TIMEOUT_MS = 60_000


def stop(process: Started) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def ui(finished_project: Project) -> Iterator[str]:
    """Return the address of the UI over the store of the finished project."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = finished_project.start_command("ui", "--port", str(port))
    try:
        wait_until(lambda: answers(url), timeout_s=90)
        yield url
    finally:
        stop(process)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip('there is no program "chromium" on PATH')
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1600, "height": 1200})
    opened.set_default_timeout(TIMEOUT_MS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def run(finished_project: Project) -> MlflowRun:
    return finished_project.top_runs()[0]


def visit(page: Page, address: str) -> None:
    """Open a page and close the assistant that covers a part of it."""
    page.goto(address)
    expect(page.get_by_text("MLflow Assistant")).to_be_visible(timeout=TIMEOUT_MS)
    page.get_by_role("button", name="Close", exact=True).click()


def run_page(ui: str, run: MlflowRun) -> str:
    return f"{ui}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def test_the_page_of_a_run_shows_name_description_and_trials(
    page: Page, ui: str, run: MlflowRun
) -> None:
    visit(page, run_page(ui, run))

    expect(page.get_by_role("heading", name=run.info.run_name)).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_text("Who survived the Titanic?")).to_be_visible()
    expect(page.get_by_text("Child runs", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="trial 2")).to_be_visible()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()


def test_the_list_of_runs_shows_the_trials_below_their_run(
    page: Page, ui: str, run: MlflowRun
) -> None:
    visit(page, f"{ui}/#/experiments/{run.info.experiment_id}/runs")
    row = page.get_by_role("row").filter(has_text=run.info.run_name)
    expect(row).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_role("link", name=re.compile("^trial "))).to_have_count(0)

    row.get_by_role("gridcell").nth(1).get_by_role("button").first.click()

    expect(page.get_by_role("link", name="trial 2")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^trial "))).to_have_count(3)


def test_the_artifacts_of_a_run_are_listed_by_task_and_the_report_opens(
    page: Page, ui: str, run: MlflowRun, finished_project: Project
) -> None:
    scores = finished_project.artifacts(run) / "Evaluator" / "scores.json"
    main_score = next(iter(json.loads(scores.read_text()).values()))
    visit(page, f"{run_page(ui, run)}/artifacts")
    for folder in ("Preprocessor", "Tuner", "Trainer", "Evaluator", "Prediction"):
        expect(page.get_by_text(folder, exact=True)).to_be_visible(timeout=TIMEOUT_MS)

    page.get_by_text("Evaluator", exact=True).click()
    page.get_by_text("report.html", exact=True).click()

    report = page.frame_locator("iframe").first
    expect(report.get_by_text("RandomForestClassifier on Survived").first).to_be_visible()
    shown = f"{statistics.fmean(main_score):.3f}"
    expect(report.get_by_text(re.compile(re.escape(shown))).first).to_be_visible()


def test_the_ui_starts_in_a_project_without_a_store(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    port = free_port()

    process = project.start_command("ui", "--port", str(port))

    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"), timeout_s=90)
    finally:
        stop(process)
    assert project.runs() == []
    assert (project.folder / "mlruns" / "mlflow.db").exists()


def test_the_ui_refuses_to_serve_a_server(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    project.environment["MLFLOW_TRACKING_URI"] = "http://tracking.example.org:5000"

    outcome = project.command("ui")

    assert outcome.code == 2
    assert "open http://tracking.example.org:5000 in a browser" in outcome.err
    assert "Traceback" not in outcome.err
