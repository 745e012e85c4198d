"""Estimators for studies that are timed; copied among the tasks of a scratch project."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BLOCK = bytes(1 << 16)  # Hashing more than 2 KiB lets other threads run.


class Timed(RegressorMixin, BaseEstimator):
    """Uses the processor for a given time, and predicts one number that its parameters give.

    The time is that of the thread, so another one that takes turns with it makes it last longer.
    """

    def __init__(
        self,
        *,
        a: float = 0.0,
        b: float = 0.0,
        c: float = 0.0,
        d: float = 0.0,
        work_s: float = 0.0,
        holds_interpreter: bool = True,
    ) -> None:
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.work_s = work_s
        self.holds_interpreter = holds_interpreter

    def fit(self, _table: pd.DataFrame, _target: NDArray[np.float64]) -> Self:
        """Work."""
        work(self.work_s, holds_interpreter=self.holds_interpreter)
        self.value_ = sum((number - 0.5) ** 2 for number in (self.a, self.b, self.c, self.d))
        return self

    def predict(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return the same number for each row."""
        return np.full(len(table), self.value_)


def work(seconds: float, *, holds_interpreter: bool) -> None:
    """Use so much time of the processor, in pure Python or with the interpreter left to others."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        if holds_interpreter:
            sum(range(1000))
        else:
            hashlib.sha256(BLOCK).digest()
