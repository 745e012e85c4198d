"""What a study improves: scikit-learn's scorers, and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from runforest.model.scoring import TIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.model.scoring import Scores
    from runforest.tuning.study.trial_record import TrialRecord


def direction(objective: str) -> Literal["minimize", "maximize"]:
    """Return Optuna's word for what is better.

    >>> direction("roc_auc"), direction("fit_time")
    ('maximize', 'minimize')
    """
    return "minimize" if objective in TIMES else "maximize"


def upward(values: Scores, objectives: Sequence[str]) -> Scores:
    """Return the values such that more is better in each.

    >>> upward((0.9, 2.5), ("roc_auc", "fit_time"))
    (0.9, -2.5)
    """
    pairs = zip(objectives, values, strict=True)
    return tuple(value if direction(name) == "maximize" else -value for name, value in pairs)


def pareto_front(trials: Sequence[TrialRecord], objectives: Sequence[str]) -> list[int]:
    """Return the numbers of the complete trials that no other one beats, lowest number first.

    One trial beats another when it is at least as good in every objective and better in one; of
    trials that are equal in all, each stays.

    References
    ----------
    Deb (2001), "Multi-Objective Optimization Using Evolutionary Algorithms", section 2.4.
    """
    points = {
        trial.number: upward(trial.means, objectives)
        for trial in trials
        if trial.state == "complete"
    }
    # Whoever beats a point comes before it in this order, so one pass against the front is enough.
    front: list[tuple[float, ...]] = []
    for point in sorted(set(points.values()), reverse=True):
        if not any(_is_as_good(other, point) for other in front):
            front.append(point)
    return [number for number, point in points.items() if point in front]


def _is_as_good(other: tuple[float, ...], point: tuple[float, ...]) -> bool:
    return all(theirs >= ours for theirs, ours in zip(other, point, strict=True))
