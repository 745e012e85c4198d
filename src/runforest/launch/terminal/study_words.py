"""How far a study is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.launch.terminal.study_progress import Study
    from runforest.run.events import TrialFinished


def in_words(study: Study, now_s: float | None = None) -> str:
    """Return how far a study is, in a line; `now_s` is None when it has ended.

    >>> from runforest.launch.terminal.study_progress import Study
    >>> in_words(Study(task="Tuner", n_trials=20, n_done=5, n_pruned=1))
    'Tuner 5/20 trials, 1 pruned'
    """
    rate = study.mean_rate if now_s is None else study.rate
    left_s = None if now_s is None else study.left_s(now_s)
    best = study.best
    told = [f"{study.task} {count_text(study)} trials"]
    if best and best.value is not None:
        told.append(f"best {value_text(best.value)} ({trial_text(best)})")
    told += states_text(study)
    told += [rate_text(rate)] if rate else []
    told += [] if left_s is None else [f"{span_text(left_s)} left"]
    return ", ".join(told)


def trial_line(task: str, trial: TrialFinished) -> str:
    """Return a finished trial in a line."""
    score = "" if trial.value is None else f" {value_text(trial.value)}"
    return f"{task} trial {trial.number} {trial.state}{score} ({params_text(trial.params)})"


def trial_text(trial: TrialFinished) -> str:
    """Return which trial it is."""
    return f"trial {trial.number}: {params_text(trial.params)}"


def params_text(params: Mapping[str, object]) -> str:
    """Return parameters in short.

    >>> params_text({"alpha": 0.123456, "kind": "l2"})
    'alpha 0.1235, kind l2'
    """
    return one_line(
        ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in params.items()
        )
    )


def count_text(study: Study) -> str:
    """Return how many trials are done."""
    return str(study.n_done) if study.n_trials is None else f"{study.n_done}/{study.n_trials}"


def states_text(study: Study) -> list[str]:
    """Return how many trials did not complete."""
    counts = {"pruned": study.n_pruned, "failed": study.n_failed}
    return [f"{count} {state}" for state, count in counts.items() if count]


def value_text(value: float) -> str:
    """Return a score in short.

    >>> value_text(0.83124), value_text(-123456.7), value_text(0.0000123)
    ('0.8312', '-1.2346e+05', '1.23e-05')
    """
    is_plain = value == 0 or 1e-3 <= abs(value) < 1e5  # noqa: PLR2004 - legible with four decimals
    return f"{value:.4f}" if is_plain else f"{value:.5g}"


def rate_text(rate: float) -> str:
    """Return trials per second in the unit that makes it a number to grasp.

    >>> rate_text(45.2), rate_text(1.5), rate_text(0.2), rate_text(1 / 1800)
    ('45/s', '1.5/s', '12/min', '2/h')
    """
    for unit, unit_s in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * unit_s >= 1 or unit == "h":
            break
    count = rate * unit_s
    return f"{count:.0f}/{unit}" if count >= 10 else f"{count:.2g}/{unit}"  # noqa: PLR2004 - two digits


def span_text(span_s: float) -> str:
    """Return a time to wait, roughly.

    >>> span_text(20.4), span_text(125), span_text(7500)
    ('20 s', '2 min', '2 h 5 min')
    """
    if span_s < 99.5:  # noqa: PLR2004 - two digits
        return f"{span_s:.0f} s"
    minutes = round(span_s / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - two digits


def one_line(text: str) -> str:
    r"""Return a text without line breaks and control characters.

    >>> one_line("a\n  b\x1b[2J")
    'a b [2J'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
