"""Seeds of single trials."""

from __future__ import annotations

import numpy as np


def trial_seed(seed: int, number: int) -> int:
    """Return the sampler's seed for one trial, an integer below 2**32."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
