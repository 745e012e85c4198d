"""Names in any script are drawn or numbered, and no warning is given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from runforest import figure_fonts
from runforest.evaluation.confusion import confusion_matrix_plot
from runforest.evaluation.curves import roc_plot
from runforest.evaluation.plots import explained
from runforest.figure_fonts import draw_png, png_description

TOKYO, OSAKA, ZURICH, SALAM = "東京", "大阪", "Zürich", "سلام"
UNKNOWN = "\U000f0001\U000f0002"
"""Letters for private use, of which no font but a coincidence has one."""


@pytest.fixture
def _no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a machine with the fonts of matplotlib alone."""
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    own = [one for one in font_manager.fontManager.ttflist if "mpl-data" in one.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    figure_fonts._families.cache_clear()
    yield
    figure_fonts._families.cache_clear()


def class_figure(*classes: str) -> Figure:
    """Return a figure with the classes as labels of ticks."""
    labels = np.array(classes, dtype=object)
    return confusion_matrix_plot(labels, labels, classes=classes)


def texts_of(figure: Figure) -> set[str]:
    """Return all texts of a figure."""
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.usefixtures("_no_fonts")
def test_names_without_a_font_are_numbered_and_the_picture_says_which_they_are() -> None:
    figure = class_figure(TOKYO, f"{OSAKA} x", ZURICH)

    png = draw_png(figure)

    assert png_description(png) == f"[1] {TOKYO}, [2] {OSAKA}"
    assert {"[1]", "[2] x", ZURICH} <= texts_of(figure)
    assert explained("confusion_matrix", png).caption.endswith(
        f"Without a font for their letters: [1] {TOKYO}, [2] {OSAKA}."
    )


@pytest.mark.usefixtures("_no_fonts")
def test_a_legend_and_a_title_are_numbered_too() -> None:
    target = np.array([TOKYO, OSAKA, ZURICH] * 4, dtype=object)
    scores = np.random.default_rng(0).random((12, 3))
    figure = roc_plot(target, scores, classes=[TOKYO, OSAKA, ZURICH])

    png = draw_png(figure)

    assert not any(letter in text for text in texts_of(figure) for letter in TOKYO + OSAKA)
    assert TOKYO in png_description(png)


@pytest.mark.parametrize("name", [ZURICH, SALAM, "Ωmega", "Київ"])
def test_letters_of_the_usual_font_need_no_description(name: str) -> None:
    png = draw_png(class_figure(name, "other"))

    assert png_description(png) == ""


def test_letters_that_no_font_has_are_numbered_beside_those_that_one_has() -> None:
    figure = class_figure(UNKNOWN, ZURICH)

    png = draw_png(figure)

    assert png_description(png) == f"[1] {UNKNOWN}"
    assert {"[1]", ZURICH} <= texts_of(figure)


def test_a_font_of_the_machine_shows_what_the_usual_one_lacks() -> None:
    paths = font_manager.findSystemFonts()
    if not any(figure_fonts._covered(path, frozenset(TOKYO)) for path in paths):
        pytest.skip("no font with Japanese letters on this machine")
    figure = class_figure(TOKYO, ZURICH)

    png = draw_png(figure)

    assert png_description(png) == ""
    assert {TOKYO, ZURICH} <= texts_of(figure)


@pytest.mark.usefixtures("_no_fonts")
def test_the_same_figure_gives_the_same_bytes_with_numbers_too() -> None:
    assert draw_png(class_figure(TOKYO, OSAKA)) == draw_png(class_figure(TOKYO, OSAKA))


def test_a_picture_holds_no_version() -> None:
    with Image.open(io.BytesIO(draw_png(class_figure("a", "b")))) as image:
        assert "Software" not in image.info


def test_other_warnings_of_a_drawing_are_given() -> None:
    figure = Figure(figsize=(0.1, 0.1), layout="constrained")
    figure.add_subplot().set_xlabel("a long label")

    with pytest.warns(UserWarning, match="constrained_layout not applied"):
        draw_png(figure)
