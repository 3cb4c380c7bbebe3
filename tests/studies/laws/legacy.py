"""Studies under `stream: legacy`: one seed draws the data of every N, and what N does differs from seed to seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.studies.laws.tables import Row, crossing, grid

LEVELS = (20, 30, 45, 60, 90)
TRUE = -0.5
"""Exponent of N."""


def study(
    seed: int,
    *,
    streams: int = 10,
    levels: Sequence[int] = LEVELS,
    alphas: Sequence[float] = (0.01, 0.1),
    betas: Sequence[float] = (1e-5, 1e-4),
    kept: float = 1.0,
) -> list[Row]:
    """Rows whose log prefactor is v + w log N + e of the data: v, w of the stream; w is what N's exponent varies by.

    Args:
        seed: of the numbers.
        streams: seeds of the study.
        levels: of N.
        alphas: of the grid.
        betas: of the grid.
        kept: share of the data sets that there are: below 1 the streams have different N.
    """
    rng = np.random.default_rng(seed)
    middle = float(np.mean(np.log(levels)))
    rows: list[Row] = []
    for stream in range(streams):
        v, w = 0.4 * rng.normal(), 0.3 * rng.normal()
        for N in levels:
            off = v + w * (math.log(N) - middle) + 0.05 * rng.normal()
            noise = 0.02 * rng.normal(size=len(alphas) * len(betas))
            if rng.random() > kept:
                continue
            for row, e in zip(grid(alphas, betas, seeds=1, N=N), noise.tolist(), strict=True):
                log_t = math.log(1e4) + off + TRUE * math.log(N) - math.log(row["alpha"] * row["beta"]) + e
                t = math.ceil(math.exp(log_t))
                told = {"seed": stream, "stream_id": f"legacy:{stream}", "steps": t + max(1000, math.ceil(0.02 * t))}
                rows.append(row | told | crossing("t2", "exact", t))
    return rows


def pooled_by_stream(rows: Sequence[Row]) -> list[Row]:
    """The same rows as if a stream were one draw: one intercept a stream."""
    return [row | {"data_id": row["stream_id"]} for row in rows]


def apart(rows: Sequence[Row]) -> list[Row]:
    """The same rows as if every draw had a stream of its own."""
    return [{name: value for name, value in row.items() if name != "stream_id"} for row in rows]
