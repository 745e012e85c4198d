"""Figures of a study are drawn from records, however few there are."""

from __future__ import annotations

import dataclasses
import io
import sys

import pytest

from runforest.tuning.reporting.plots import (
    history_figure,
    importances_figure,
    parallel_figure,
    slices_figure,
    study_figures,
)
from runforest.tuning.study.trial_record import TrialRecord, TrialState
from tests.tuning.studies import make_study, run


def make_trial(number: int, value: float | None, state: TrialState = "complete") -> TrialRecord:
    return TrialRecord(
        uid=f"{number:012x}",
        number=number,
        params={"alpha": 10.0 ** (number - 2), "solver": ["svd", "lsqr"][number % 2]},
        state=state,
        value=value,
        std=None if value is None else 0.1,
        fold_scores=() if state == "failed" else (0.4, 0.6),
        started_ms=0,
        duration_s=1.0,
        reason="ValueError: no" if state == "failed" else None,
    )


TRIALS = [
    make_trial(0, 0.5),
    make_trial(1, None, "failed"),
    make_trial(2, 0.4),
    make_trial(3, None, "pruned"),
    make_trial(4, 0.8),
]
FIGURES = {
    "history": history_figure,
    "slices": slices_figure,
    "parallel": parallel_figure,
    "importances": lambda trials: importances_figure(
        {"alpha": 0.9, "solver": 0.1} if trials else {}
    ),
}


@pytest.mark.parametrize("n_trials", [0, 1, 2, 5])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_of_any_number_of_trials(name: str, n_trials: int) -> None:
    file = io.BytesIO()

    FIGURES[name](TRIALS[:n_trials]).savefig(file, format="png")

    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("state", ["failed", "pruned"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_without_a_complete_trial(name: str, state: TrialState) -> None:
    FIGURES[name]([make_trial(0, None, state)]).savefig(io.BytesIO())


def test_drawing_leaves_the_global_state_of_pyplot_alone() -> None:
    history_figure(TRIALS)

    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_the_best_so_far_never_falls() -> None:
    axes = history_figure(TRIALS).axes[0]

    (line,) = [line for line in axes.lines if line.get_label() == "best so far"]

    assert list(line.get_ydata()) == [0.5, 0.5, 0.8, 0.8]


def test_each_state_of_a_trial_is_in_the_legend() -> None:
    legend = history_figure(TRIALS).axes[0].get_legend()

    labels = {text.get_text() for text in legend.get_texts()}

    assert labels == {"complete", "pruned", "failed", "best so far"}


def test_the_most_important_parameter_is_on_top() -> None:
    axes = importances_figure({"b": 0.2, "a": 0.8}).axes[0]

    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "a"]


def test_a_logarithmic_parameter_has_a_logarithmic_axis() -> None:
    alpha, solver = slices_figure(TRIALS, {"alpha"}).axes

    assert alpha.get_xscale() == "log"
    assert solver.get_xscale() == "linear"


def test_a_line_of_a_trial_runs_from_its_parameters_to_its_value() -> None:
    axes = parallel_figure(TRIALS, {"alpha"}).axes[0]

    (lines,) = axes.collections
    heights = sorted([list(segment[:, 1]) for segment in lines.get_segments()])

    # alpha 0.01, 1 and 100 in logarithms; svd alone; values 0.5, 0.4 and 0.8.
    assert heights == [
        pytest.approx([0.0, 0.5, 0.25]),
        pytest.approx([0.5, 0.5, 0.0]),
        pytest.approx([1.0, 0.5, 1.0]),
    ]


def test_a_zero_that_a_task_suggests_by_itself_has_its_place_on_a_logarithmic_axis() -> None:
    zero = dataclasses.replace(TRIALS[0], params={"alpha": 0.0})
    one = dataclasses.replace(TRIALS[4], params={"alpha": 1.0})

    (lines,) = parallel_figure([zero, one], {"alpha"}).axes[0].collections

    assert [list(segment[:, 1]) for segment in lines.get_segments()] == [[0.0, 0.0], [1.0, 1.0]]


def suggest_shared(trial, **_) -> dict[str, object]:
    """Suggest a parameter for all trials, and another one for some."""
    alpha = trial.suggest_float("alpha", 0.1, 10.0)
    solver = trial.suggest_categorical("solver", ["svd", "lsqr"])
    only = {"tol": trial.suggest_float("tol", 1e-4, 1e-2)} if solver == "lsqr" else {"copy_X": True}
    return {"alpha": alpha, "solver": solver, **only}


def suggest_disjoint(trial, **_) -> dict[str, object]:
    """Suggest this or that parameter."""
    if trial.number % 2:
        return {"alpha": trial.suggest_float("alpha", 0.1, 10.0)}
    return {"tol": trial.suggest_float("tol", 1e-4, 1e-2)}


@pytest.mark.parametrize(
    ("suggest", "shown"),
    [
        (suggest_shared, ["alpha", "solver", "r2"]),
        (suggest_disjoint, []),
        (lambda _trial, **_: {}, []),
    ],
)
def test_the_figures_of_a_conditional_space_show_what_its_trials_share(suggest, shown) -> None:
    study = make_study(space={})

    figures = study_figures(run(study, suggesting=suggest), study)

    for figure in figures.values():
        figure.savefig(io.BytesIO())
    labels = figures["parallel_coordinates"].axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == shown
