"""Tables of trials as the store gives them, from a stated power law: what is known about them is known exactly."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_CROSSING = {"step": _INT, "lower": _INT, "upper": _INT, "censoring": _TEXT, "stayed": _INT}
_TYPES = (
    {"id": _TEXT, "index": _INT, "configuration": _INT, "seed": _INT, "data_id": _TEXT, "stream_id": _TEXT}
    | {"outcome": _TEXT, "obtained": _TEXT, "steps": _INT, "started": pa.bool_()}
    | {f"{name}_{part}": kind for name in ("t1", "t1_gradient", "t2", "t2_plateau") for part, kind in _CROSSING.items()}
    | {f"delay_{part}": kind for part, kind in _CROSSING.items() if part != "stayed"}
    | {f"error_{name}{part}": _FLOAT for name in ("stop", "min", "settled", "plateau") for part in ("", "_mean_l1")}
    | {f"error_{name}_step": _INT for name in ("stop", "min", "settled", "plateau")}
    | {"ladder": _TEXT, "pack": _INT, "attempt": _INT, "host": _TEXT, "seconds": _FLOAT}
)

Row = dict[str, Any]
DATA = ("n", "s", "N", "tau", "snr", "stream", "design_variance", "signal", "draw_sigma")


def crossing(name: str, word: str, step: float | None = None, **ends: float | None) -> Row:
    """Columns of a crossing. `exact` and `left` by their step; the others by `lower` and `upper`."""
    if word == "exact":
        parts: Row = {"step": step, "lower": (step or 0) - 1, "upper": step, "stayed": step}
    elif word == "left":
        parts = {"step": 0, "lower": -1, "upper": 0, "stayed": 0}
    else:
        parts = {"step": None, "lower": None, "upper": None, "stayed": ends.get("upper")}
    return {f"{name}_{part}": value for part, value in {**parts, "censoring": word, **ends}.items()}


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of ended trials: what a row leaves out is null; `outcome` is `generalised` unless it says otherwise.

    Its data are told by the seed and the fields of the data, and made of a stream of their own, unless it names them.
    """
    default: Row = {"outcome": "generalised", "obtained": "stepped", "started": True, "ladder": "{}", "steps": 10**7}
    full = [{"index": i, "id": str(i), "pack": 0, **default, **row} for i, row in enumerate(rows)]
    for row in full:
        row.setdefault("data_id", ":".join(str(row.get(name)) for name in ("seed", *DATA)))
        row.setdefault("stream_id", row["data_id"])
    own = dict.fromkeys(name for row in full for name in row if name not in _TYPES)
    arrays = {name: pa.array([row.get(name) for row in full], kind) for name, kind in _TYPES.items()}
    return pa.table(arrays | {name: pa.array([row.get(name) for row in full]) for name in own})


def grid(
    alphas: Sequence[float] = (0.01, 0.03, 0.1),
    betas: Sequence[float] = (1e-6, 1e-5, 1e-4),
    seeds: int = 10,
    **fields: Any,
) -> list[Row]:
    """Every alpha and beta with every seed, in the plan's order."""
    cells = [(a, b) for a in alphas for b in betas]
    return [
        {"configuration": k, "seed": seed, "alpha": a, "beta": b, **fields}
        for k, (a, b) in enumerate(cells)
        for seed in range(seeds)
    ]


def power_law(
    rows: list[Row],
    *,
    sigma: float = 0.1,
    exponent: float = 1.0,
    prefactor: float = 0.1,
    draw_sigma: float = 0.4,
    seed: int = 0,
    response: str = "t2",
) -> list[Row]:
    """Give every row an exact crossing at prefactor * e^(draw_sigma u + sigma eps) * (alpha beta)^-exponent, rounded up
    to whole steps; the trial ends soon after, as under `stop: after_t2`.
    """
    rng = np.random.default_rng(seed)
    draws = {s: draw_sigma * rng.normal() for s in sorted({row["seed"] for row in rows})}
    out = []
    for row in rows:
        log_t = np.log(prefactor) + draws[row["seed"]] - exponent * np.log(row["alpha"] * row["beta"])
        t = math.ceil(np.exp(log_t + sigma * rng.normal()))
        out.append(row | crossing(response, "exact", t) | {"steps": t + max(1000, math.ceil(0.02 * t))})
    return out


def censor(rows: Sequence[Row], budget: int, response: str = "t2") -> list[Row]:
    """Right-censor every crossing beyond a budget in steps."""
    beyond = crossing(response, "right", lower=budget) | {"outcome": "memorised", "steps": budget}
    return [
        row | beyond if row[f"{response}_step"] is not None and row[f"{response}_step"] > budget else row
        for row in rows
    ]


def times(rows: Sequence[Row], response: str = "t2") -> np.ndarray:
    return np.array([row[f"{response}_step"] for row in rows], dtype=float)


def log_x(rows: Sequence[Row], f: Callable[[Row], float] = lambda row: 1 / (row["alpha"] * row["beta"])) -> np.ndarray:
    return np.array([np.log(f(row)) for row in rows])


def ladder(**rungs: Mapping[str, Any]) -> str:
    return json.dumps({key.replace("_", "-"): value for key, value in rungs.items()})
