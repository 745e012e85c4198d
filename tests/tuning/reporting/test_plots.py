"""Figures of a study are drawn from records, however few there are."""

from __future__ import annotations

import io
from dataclasses import replace

import matplotlib as mpl
import optuna
import pytest
from matplotlib import pyplot as plt
from optuna.distributions import CategoricalDistribution, FloatDistribution

from runforest.tuning.reporting.plots import (
    history_figure,
    importances_figure,
    parallel_figure,
    slices_figure,
)
from runforest.tuning.study.trial_record import TrialRecord, TrialState

CHOICES = ("svd", "lsqr", "$\\no_formula$", "a long name of a choice")
DISTRIBUTIONS = {
    "alpha": FloatDistribution(1e-2, 1e3, log=True),
    "solver": CategoricalDistribution(CHOICES),
}
STATES = {
    "complete": optuna.trial.TrialState.COMPLETE,
    "failed": optuna.trial.TrialState.FAIL,
    "pruned": optuna.trial.TrialState.PRUNED,
}


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


def stored(trials: list[TrialRecord], n_objectives: int = 1) -> optuna.Study:
    """Return the trials as Optuna has them."""
    study = optuna.create_study(directions=["maximize"] * n_objectives)
    for trial in trials:
        study.add_trial(
            optuna.trial.create_trial(
                state=STATES[trial.state],
                values=None if trial.value is None else [trial.value] * n_objectives,
                params=trial.params,
                distributions=DISTRIBUTIONS,
            )
        )
    return study


TRIALS = [
    make_trial(0, 0.5),
    make_trial(1, None, "failed"),
    make_trial(2, 0.4),
    make_trial(3, None, "pruned"),
    make_trial(4, 0.8),
]
FIGURES = {
    "history": history_figure,
    "slices": lambda trials: slices_figure(stored(trials)),
    "parallel": lambda trials: parallel_figure(stored(trials)),
    "importances": lambda trials: importances_figure(
        {"alpha": 0.9, "solver": 0.1} if len(trials) > 1 else {}
    ),
}


@pytest.mark.parametrize("n_trials", [1, 2, 5])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_of_any_number_of_trials(name: str, n_trials: int) -> None:
    file = io.BytesIO()

    FIGURES[name](TRIALS[:n_trials]).savefig(file, format="png")

    assert file.getvalue().startswith(b"\x89PNG")


def test_drawing_leaves_the_figures_the_style_and_the_backend_of_pyplot_alone() -> None:
    plt.switch_backend("pdf")
    style, mine = dict(mpl.rcParams), plt.figure()

    slices_figure(stored(TRIALS))
    parallel_figure(stored(TRIALS))

    assert dict(mpl.rcParams) == style
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


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
    alpha, solver, _ = slices_figure(stored(TRIALS)).axes

    assert alpha.get_xscale() == "log"
    assert solver.get_xscale() == "linear"


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_a_line_of_a_trial_runs_from_its_value_to_its_parameters(n_objectives: int) -> None:
    axes = parallel_figure(stored(TRIALS, n_objectives), "r2").axes[0]

    (lines,) = axes.collections
    heights = sorted([list(segment[:, 1]) for segment in lines.get_segments()])

    # Values; alpha 0.01, 1 and 100 in logarithms, on the scale of the value; svd alone.
    assert [label.get_text() for label in axes.get_xticklabels()] == ["r2", "alpha", "solver"]
    assert heights == [
        pytest.approx([0.4, 0.6, 0.6]),
        pytest.approx([0.5, 0.4, 0.6]),
        pytest.approx([0.8, 0.8, 0.6]),
    ]


@pytest.mark.parametrize("draw", [slices_figure, parallel_figure])
def test_a_choice_that_looks_like_a_formula_is_drawn_as_text(draw) -> None:
    trials = [replace(TRIALS[0], params={"alpha": 1.0, "solver": each}) for each in CHOICES]

    draw(stored(trials)).savefig(io.BytesIO())


def test_a_parameter_of_some_trials_alone_is_drawn() -> None:
    study = optuna.create_study()
    for params in ({"alpha": 1.0}, {"solver": "svd"}, {}):
        distributions = {name: DISTRIBUTIONS[name] for name in params}
        study.add_trial(
            optuna.trial.create_trial(value=0.5, params=params, distributions=distributions)
        )

    for draw in (slices_figure, parallel_figure):
        draw(study).savefig(io.BytesIO())
