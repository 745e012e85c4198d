"""The report is one inert page that shows what it was given."""

from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from runforest.evaluation.importances import Importances
from runforest.evaluation.plots import Plot
from runforest.evaluation.report import Report, render_report
from runforest.evaluation.rounding import (
    MINUS,
    format_cell,
    format_number,
    format_spread,
    n_decimals,
)
from runforest.evaluation.scores import CrossValidation
from runforest.figure_fonts import draw_png
from runforest.figure_style import new_figure

ATTACK = '<script>alert("1")</script>'
DASH = "\N{EN DASH}"
DIGEST = "0123456789abcdef" * 4
PLOT = Plot(title="Curve", caption="Higher is better.", png=draw_png(new_figure(1, 1)))
IMPORTANCES = Importances(
    table=pd.DataFrame({"feature": ["age"], "importance": [0.25], "std": [0.01]}),
    scorer="accuracy",
    n_rows=500,
    n_models=1,
    n_shuffles=5,
    n_features=1503,
)


class PageParser(HTMLParser):
    """Collects elements and checks that each opened one is closed."""

    VOID = frozenset({"meta", "img", "wbr", "br", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def report() -> Report:
    """Return a report with every section."""
    return Report(
        title="calm-finch",
        facts=[("Estimator", "RidgeClassifier")],
        scores=CrossValidation(
            fold_scores={"accuracy": (0.7, 0.9), "f1_macro": (0.6, 0.7)},
            target=np.array([0, 1]),
            predictions=np.array([0, 1]),
            class_scores=None,
            classes=(0, 1),
            n_rows=2,
        ),
        plots=(PLOT,),
        importances=IMPORTANCES,
        data=[("train.csv", 1891, 12, DIGEST)],
        params={"Trainer.seed": 0},
        lineage=[("model/MLmodel", "4f2a91c", "task Trainer")],
        best_params={"alpha": 0.125},
        n_trials={"complete": 36, "pruned": 12, "failed": 2},
        trials=[{"trial": n, "score": 0.9 - n / 100, "depth": None} for n in range(12)],
        trial_plots=(PLOT,),
    )


def test_the_headline_is_the_main_score_over_the_folds(report: Report) -> None:
    page = PageParser(render_report(report))

    assert "0.800 ±\N{NO-BREAK SPACE}0.100" in page.text.replace("\n", "")
    assert "accuracy, mean and standard deviation over 2 folds" in page.text


@pytest.mark.parametrize(
    "content",
    [
        "calm-finch",
        "RidgeClassifier",
        "f1_macro",
        "0.650",
        "age",
        "50 trials: 36 complete, 12 pruned, 2 failed.",
        "alpha",
        "0.125",
        "train.csv",
        "1,891",
        DIGEST,
        "Trainer.seed",
        "4f2a91c",
        "task Trainer",
    ],
)
def test_all_that_was_given_is_on_the_page(report: Report, content: str) -> None:
    page = PageParser(render_report(report))

    assert content in page.text


def test_the_page_says_on_how_many_rows_importances_were_measured(report: Report) -> None:
    page = PageParser(render_report(report))

    assert "By how much accuracy gets worse when the values of one column are shuffled" in page.text
    assert "Measured on 500 rows, each with the model that was not fitted on it" in page.text
    assert "each column was shuffled 5 times" in page.text
    assert "The 1 most important of 1,503 columns." in page.text


def test_the_page_is_well_formed_and_needs_no_other_file_and_no_script(report: Report) -> None:
    page = PageParser(render_report(report))

    assert page.open == []
    assert page.all("script") == []
    assert page.all("link") == []
    sources = [str(image["src"]) for image in page.all("img")]
    assert len(sources) == 2
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert base64.b64decode(sources[0].partition(",")[2]) == PLOT.png
    assert "@import" not in page.text
    assert "url(" not in page.text


def test_the_page_can_be_read_aloud(report: Report) -> None:
    page = PageParser(render_report(report))

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    named = [attributes.get("aria-labelledby") for _, attributes in page.elements]
    assert page.all("html") == [{"lang": "en"}]
    assert all(image["alt"] == "Curve. Higher is better." for image in page.all("img"))
    assert all(header["scope"] in {"row", "col"} for header in page.all("th"))
    assert len(ids) == len(set(ids))
    assert set(filter(None, named)) <= set(ids)


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert render_report(report) == render_report(report)


def test_markup_in_any_text_is_inert(report: Report) -> None:
    hostile = replace(
        report,
        title=ATTACK,
        facts=[(ATTACK, ATTACK)],
        scores=replace(report.scores, fold_scores={ATTACK: (0.5, 0.5)}),
        plots=(replace(PLOT, title=ATTACK, caption=ATTACK),),
        importances=replace(IMPORTANCES, table=IMPORTANCES.table.assign(feature=ATTACK)),
        data=[(ATTACK, 1, 1, ATTACK)],
        params={ATTACK: ATTACK},
        lineage=[(ATTACK, ATTACK, ATTACK)],
        best_params={ATTACK: ATTACK},
        n_trials={ATTACK: 1},
        trials=[{ATTACK: ATTACK}],
    )

    html = render_report(hostile)

    page = PageParser(html)
    assert "<script" not in html
    assert page.all("script") == []
    assert page.text.count(ATTACK) >= 14


def test_the_lineage_leads_to_that_of_the_whole_run(report: Report) -> None:
    page = PageParser(render_report(report))

    assert page.all("a") == [{"href": "../lineage.html"}]


def test_ten_trials_are_shown_and_a_missing_value_is_a_dash(report: Report) -> None:
    page = PageParser(render_report(report))

    assert "0.8100" in page.text
    assert page.text.count(DASH) == 10


def test_an_experiment_without_a_search_and_parameters_has_no_section_for_them(
    report: Report,
) -> None:
    bare = replace(report, best_params=None, params={})

    page = PageParser(render_report(bare))

    sections = [attributes["id"] for attributes in page.all("h2")]
    assert sections == ["scores", "plots", "importance", "data", "lineage"]


def test_columns_that_are_treated_alike_share_a_row_whatever_their_number(report: Report) -> None:
    numbers = [(f"c{number}", "number", "median, standard scale") for number in range(1500)]
    left_out = [("Ticket", "left out", "each value occurs once")]

    page = PageParser(render_report(replace(report, columns=[*numbers, *left_out])))

    text = page.text.partition("What each column is to the model")[2]
    assert "1,500" in text
    assert "c11 and 1,488 more" in text
    assert "c12" not in text
    assert "Ticket" in text
    assert "each value occurs once" in text


def test_of_many_folds_the_first_are_shown_and_the_others_counted(report: Report) -> None:
    scores = replace(report.scores, fold_scores={"accuracy": (0.5,) * 10 + (0.25,) * 90})

    page = PageParser(render_report(replace(report, scores=scores)))

    assert "Fold 10" in page.text
    assert "Fold 11" not in page.text
    assert "over 100 folds" in page.text
    assert "The first 10 of 100 folds; scores.json has all." in page.text


def test_a_wide_picture_takes_the_whole_width(report: Report) -> None:
    wide = replace(PLOT, png=draw_png(new_figure(2, 1)))

    page = PageParser(render_report(replace(report, plots=(PLOT, wide), trial_plots=())))

    classes = [str(figure["class"]).split() for figure in page.all("figure")]
    assert ["wide" in names for names in classes] == [False, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, DASH),
        (3, "3"),
        (-0.123456, f"{MINUS}0.1235"),
        (1234.0, "1234"),
        ("sqrt", "sqrt"),
        (True, "True"),
    ],
)
def test_a_cell_of_a_table_is_short(value: object, text: str) -> None:
    assert format_cell(value) == text


def test_numbers_of_any_size_keep_three_or_four_digits() -> None:
    assert [n_decimals([value]) for value in (0.0, 0.0123, 0.5, 1.0, -45.6, 12345.6)] == [
        3,
        4,
        3,
        3,
        2,
        0,
    ]
    assert n_decimals([float("nan"), 45.6]) == 2
    assert format_number(-0.0001, 2) == "0.00"
    assert format_spread(-28510.4, 689.2) == f"{MINUS}28,510 ± 689"
