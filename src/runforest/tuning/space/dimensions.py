"""The dimensions of a search space: values that suggest themselves to a trial."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

Choice = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class FloatDimension:
    """A real number from `low` to `high`, in steps or, with `log`, even in its logarithm.

    Without a step it is any value between.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def distribution(self) -> BaseDistribution:
        """Return the form in which Optuna stores it."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        """Return the value of this trial."""
        return self.nearest(
            trial.suggest_float(name, self.low, self.high, log=self.log, step=self.step)
        )

    def nearest(self, value: float) -> float:
        """Return the step that is nearest to a value, or the value itself without a step.

        Optuna adds steps up in floating point.

        >>> FloatDimension(low=0.0, high=1.0, step=0.1).nearest(0.8999999999999999)
        0.9
        """
        n_steps = self.size()
        if self.step is None or n_steps is None:
            return value
        return self._at(min(max(round((value - self.low) / self.step), 0), n_steps - 1))

    def size(self) -> int | None:
        """Return the number of values, or None without a step."""
        if self.step is None:
            return None
        # Decimal, since three steps of 0.1 must reach 0.3.
        low, high, step = (Decimal(str(number)) for number in (self.low, self.high, self.step))
        return int((high - low) // step) + 1

    def values(self) -> list[float] | None:
        """Return every value, or None without a step.

        >>> FloatDimension(low=0.0, high=0.3, step=0.1).values()
        [0.0, 0.1, 0.2, 0.3]
        """
        n_steps = self.size()
        return None if n_steps is None else [self._at(index) for index in range(n_steps)]

    def _at(self, index: int) -> float:
        return float(Decimal(str(self.low)) + Decimal(str(self.step)) * index)


@dataclass(frozen=True, kw_only=True)
class IntDimension:
    """An integer from `low` to `high`, in steps or, with `log`, even in its logarithm."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def distribution(self) -> BaseDistribution:
        """Return the form in which Optuna stores it."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log, step=self.step)

    def suggest(self, trial: optuna.Trial, name: str) -> int:
        """Return the value of this trial."""
        return trial.suggest_int(name, self.low, self.high, log=self.log, step=self.step)

    def size(self) -> int:
        """Return the number of values."""
        return len(self.values())

    def values(self) -> range:
        """Return every value."""
        return range(self.low, self.high + 1, self.step)


@dataclass(frozen=True, kw_only=True)
class CategoricalDimension:
    """One of a few values without an order."""

    choices: tuple[Choice, ...]

    def distribution(self) -> BaseDistribution:
        """Return the form in which Optuna stores it."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.choices)

    def suggest(self, trial: optuna.Trial, name: str) -> Choice:
        """Return the value of this trial."""
        return trial.suggest_categorical(name, self.choices)

    def size(self) -> int:
        """Return the number of choices."""
        return len(self.choices)

    def values(self) -> list[Choice]:
        """Return every value."""
        return list(self.choices)


Dimension = FloatDimension | IntDimension | CategoricalDimension
