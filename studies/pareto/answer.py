"""The answer to `GET /v1/studies/{id}/pareto`: plain JSON values, none of them nan or infinite."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.exponentials import OUTSIDE, exponential
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.medians import Aggregate, aggregate
from grokscale.studies.pareto import sentences
from grokscale.studies.pareto.front import on_front
from grokscale.studies.vocabulary import PENDING


def pareto(
    table: pa.Table, x: str, y: str, most_y: float | None = None, limit: int = 1000, planned: int | None = None
) -> dict[str, Any]:
    """Return two responses of every configuration, which of them are on the front, and the best under a bound.

    Args:
        table: a study's trials.
        x: the response that the best has least of, such as `t2`.
        y: the response that is bounded, such as `error_settled`.
        most_y: the bound; None: none.
        limit: points listed at most: those of the front first, then those that have both, by x.
        planned: configurations in all, of which an adaptive study has proposed only some; None: those of the table.
    """
    ax, ay = aggregate(table, x), aggregate(table, y)
    both = np.isfinite(ax.median) & np.isfinite(ay.median)
    front = np.zeros(len(both), dtype=bool)
    front[both] = on_front(ax.median[both], ay.median[both])
    best = _best(ax.median, ay.median, both, most_y)
    reasons = [_reason(ax, ay, i) for i in range(len(both))]
    configs = _configs(table)
    points = [
        {
            "configuration": int(number),
            "config": configs[int(number)],
            "x": _number(ax, i),
            "y": _number(ay, i),
            "on_front": bool(front[i]),
            "left_out": reasons[i],
        }
        for i, number in _listed(ax.numbers, front, both, ax.median)[:limit]
    ]
    left_out = dict(Counter(reason for reason in reasons if reason is not None))
    unproposed = (planned or len(both)) - len(both)
    chosen = None if best is None else _chosen(ax, ay, best, configs)
    return {
        "x": x,
        "y": y,
        "max_error": most_y,
        "configurations": len(both),
        "not_proposed_yet": unproposed,
        "complete": int(both.sum()),
        "left_out": left_out,
        "front": [int(number) for number in ax.numbers[front][np.argsort(ax.median[front], kind="stable")]],
        "best": chosen,
        "best_reason": None if chosen else _no_best(y, most_y, int(both.sum())),
        "points": points,
        "text": sentences.text(x, y, most_y, chosen, int(front.sum()), int(both.sum()), left_out, _swept(table)),
    }


def _best(x: Floats, y: Floats, both: NDArray[np.bool_], most_y: float | None) -> int | None:
    """Return where x is least within the bound; of equals, where y is."""
    within = np.flatnonzero(both if most_y is None else both & (y <= math.log(most_y)))
    return int(within[np.lexsort((y[within], x[within]))[0]]) if len(within) else None


def _no_best(y: str, most_y: float | None, complete: int) -> str:
    if not complete:
        return "no configuration has both responses"
    return f"no configuration has {y} at or below {most_y:g}"


def _reason(x: Aggregate, y: Aggregate, i: int) -> str | None:
    """Return why a configuration is left out: the response that is missing, and the word of its seeds."""
    if x.pending[i] or y.pending[i]:
        return PENDING
    return x.words[i] or y.words[i] or None


def _number(response: Aggregate, i: int) -> dict[str, Any]:
    reached, seeds = int(response.reached[i]), int(response.seeds[i])
    found = {name: exponential(float(getattr(response, name)[i])) for name in ("median", "low", "high")}
    reason = None
    if found["median"] is None:
        reason = response.words[i] or OUTSIDE
    elif found["high"] is None:
        reason = f"{seeds - reached} of {seeds} seeds never have it, so that there is no greatest"
    values = {"value": found["median"], "low": found["low"], "high": found["high"]}
    return {**values, "reached": reached, "seeds": seeds, "reason": reason}


def _chosen(x: Aggregate, y: Aggregate, i: int, configs: Mapping[int, Any]) -> dict[str, Any]:
    number = int(x.numbers[i])
    return {"configuration": number, "config": configs[number], "x": _number(x, i), "y": _number(y, i)}


def _listed(
    numbers: NDArray[np.int64], front: NDArray[np.bool_], both: NDArray[np.bool_], x: Floats
) -> list[tuple[int, int]]:
    order = np.lexsort((numbers, x, ~both, ~front))
    return [(int(i), int(numbers[i])) for i in order]


def _configs(table: pa.Table) -> dict[int, dict[str, Any]]:
    names = columns.fields(table)
    rows = table.select(["configuration", *names]).to_pylist()
    return {row["configuration"]: {name: row[name] for name in names} for row in rows}


def _swept(table: pa.Table) -> list[str]:
    return [name for name in columns.fields(table) if len(table.column(name).unique()) > 1]
