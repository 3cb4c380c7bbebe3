"""Tables of outcomes from a stated probability over (N, s): what the contour is, is known exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from scipy.special import expit

from tests.studies.laws.tables import Row, table

N_LEVELS = (10, 15, 20, 30, 40, 60, 80)
S_LEVELS = (2, 5, 10)


def true_contour(s: float) -> float:
    """N at which half of the trials generalise: 10 s^0.5."""
    return 10 * s**0.5


def probability(N: float, s: float, slope: float) -> float:
    return float(expit(slope * (np.log(N) - np.log(true_contour(s)))))


def outcomes(
    chance: Callable[[float, float], float],
    rng: np.random.Generator,
    *,
    n_levels: Sequence[float] = N_LEVELS,
    s_levels: Sequence[float] = S_LEVELS,
    seeds: int = 10,
    betas: Sequence[float] = (1e-4,),
    word: str = "stalled",
) -> list[Row]:
    """Every N and s with every seed and beta: `generalised` by chance, else `word`, the same for all betas."""
    rows = []
    for k, (N, s) in enumerate((N, s) for N in n_levels for s in s_levels):
        for seed in range(seeds):
            won = rng.random() < chance(N, s)
            for beta in betas:
                rows.append(
                    {"configuration": k, "seed": seed, "N": N, "s": s, "alpha": 0.1, "beta": beta}
                    | {"outcome": "generalised" if won else word}
                )
    return rows


def study(slope: float, seed: int = 0, **options: object) -> pa.Table:
    rng = np.random.default_rng(seed)
    return table(outcomes(lambda N, s: probability(N, s, slope), rng, **options))  # type: ignore[arg-type]
