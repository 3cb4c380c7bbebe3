"""Axes: logarithmic ones with ticks at powers of ten, or at 1, 2 and 5 where there are too few of these."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt

from studies.charts.words import number, power

_MOST_LABELS = 8
_PAD = 0.04
"""Share of an axis that is left free at each end, so that no point lies on the frame."""


@dataclass(frozen=True, slots=True)
class LogAxis:
    """A logarithmic axis that holds some values.

    Attributes:
        low, high: ends of the domain.
        scale, axis: as Altair takes them.
    """

    low: float
    high: float
    scale: alt.Scale
    axis: alt.Axis

    def at(self, share: float) -> float:
        """Return the value at a share of the axis, 0 its beginning."""
        return math.exp(math.log(self.low) + share * math.log(self.high / self.low))

    def share(self, value: float) -> float:
        """Return where on the axis a value lies."""
        return math.log(value / self.low) / math.log(self.high / self.low)


def log_axis(title: str | None, values: Iterable[float | None], above: float = 0.0, labels: bool = True) -> LogAxis:
    """Return the logarithmic axis that holds the values.

    Args:
        title: of the axis; None: none.
        values: positive ones are held, the others are not.
        above: share of the axis that is left free above them, beyond the usual.
        labels: whether its ticks are labelled.
    """
    held = [value for value in values if value is not None and value > 0 and math.isfinite(value)] or [1.0]
    low, high = math.log10(min(held)), math.log10(max(held))
    if high - low < 1e-3:  # one value: half a decade about it
        low, high = low - 0.25, high + 0.25
    span = high - low
    low, high = 10 ** (low - _PAD * span), 10 ** (high + (_PAD + above / (1 - above)) * span)
    ticks = _ticks(low, high)
    axis = alt.Axis(
        title=title,
        values=list(ticks),
        labelExpr=_lookup(ticks) if labels else "''",
        labelOverlap="greedy",
        ticks=labels,
    )
    return LogAxis(low, high, alt.Scale(type="log", domain=[low, high], nice=False), axis)


def _ticks(low: float, high: float) -> dict[float, str]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    if last - first >= 2:
        every = -(-(last - first + 1) // _MOST_LABELS)
        return {10.0**k: power(k) for k in range(first, last + 1) if k % every == 0}
    for digits in ((1, 2, 5), range(1, 10), [d / 10 for d in range(10, 100)]):
        found = {d * 10.0**k: number(d * 10.0**k) for k in range(first - 1, last + 1) for d in digits}
        inside = {value: label for value, label in found.items() if low <= value <= high}
        if len(inside) >= 3:
            return inside
    middle = math.sqrt(low * high)
    return {float(f"{middle:.3g}"): number(float(f"{middle:.3g}"))}


def _lookup(ticks: dict[float, str]) -> str:
    """Return the Vega expression that looks a tick's label up: the tick nearest to it, since 10^k is not always exact."""
    values, labels = list(ticks), list(ticks.values())
    tests = [f"abs(datum.value/{value!r}-1)<1e-6 ? {json.dumps(label)} : " for value, label in zip(values, labels)]
    return "".join(tests) + "''"


def edges(values: Sequence[float], log: bool) -> list[float]:
    """Return the edges of cells about sorted values, one more than these: midway between neighbours."""
    at = [math.log(value) for value in values] if log else [float(value) for value in values]
    if len(at) == 1:
        between: list[float] = []
        first = last = 0.5 if not log else 0.35
    else:
        between = [(a + b) / 2 for a, b in zip(at, at[1:], strict=False)]
        first, last = (at[1] - at[0]) / 2, (at[-1] - at[-2]) / 2
    all_edges = [at[0] - first, *between, at[-1] + last]
    return [math.exp(edge) for edge in all_edges] if log else all_edges
