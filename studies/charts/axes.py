"""Axes: logarithmic ones with ticks at powers of ten, or at a few round values where there are too few powers."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from grokscale.studies.charts.theme import FONT_SIZE, GRID, INK, data
from grokscale.studies.charts.words import number

_PAD = 0.04
"""Share of an axis that is left free at each end, so that no point lies on the frame."""
_ROOM = {"x": 46, "y": 26}
"""Pixels that a label and the gap beside it take along the axis."""
_LEAST = 1e-280
"""Values up to this count as 0: the ends of an axis are further out than what it holds, and floats end at 1e-308."""
_MOST_MINOR = 4
"""Decades up to which 2 to 9 times a power have ticks of their own, without a label."""
_TICK, _DIGIT = 5, 5.2
"""Pixels: length of a tick, and width of a digit of an exponent."""


@dataclass(frozen=True, slots=True)
class LogAxis:
    """A logarithmic axis that holds some values.

    Attributes:
        way: `x` or `y`.
        low, high: ends of the domain.
        scale, axis: as Altair takes them.
        exponents: of the labels that are powers of ten.
    """

    way: Literal["x", "y"]
    low: float
    high: float
    scale: alt.Scale
    axis: alt.Axis
    exponents: tuple[int, ...]

    def at(self, share: float) -> float:
        """Return the value at a share of the axis, 0 its beginning."""
        return math.exp(math.log(self.low) + share * self._span)

    def share(self, value: float) -> float:
        """Return where on the axis a value lies."""
        return (math.log(value) - math.log(self.low)) / self._span

    @property
    def _span(self) -> float:
        return math.log(self.high) - math.log(self.low)

    def of(self, field: str) -> Any:
        """Return the channel of a field along this axis."""
        channel = alt.X if self.way == "x" else alt.Y
        return channel(f"{field}:Q", scale=self.scale, axis=self.axis)

    def superscripts(self) -> list[alt.Chart]:
        """Return the exponents of the labels, which the axis itself writes as 10.

        They are text of a smaller size, since most fonts lack the superscript digits: a picture would show boxes.
        """
        if not self.exponents:
            return []
        rows = [{"at": 10.0**k, "exponent": str(k).replace("-", "−")} for k in self.exponents]
        small: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": FONT_SIZE - 3, "color": INK}
        along = self.of("at")
        if self.way == "x":
            marks = alt.Chart(data(rows)).mark_text(**small, dx=2.5, dy=10)
            return [marks.encode(x=along, y=alt.YValue("height"), text=alt.Text("exponent:N"))]
        marks = alt.Chart(data(rows)).mark_text(**small, dx=0.5 - _TICK - _padding(self.exponents), dy=-5)
        return [marks.encode(y=along, x=alt.XValue(0), text=alt.Text("exponent:N"))]


def log_axis(
    way: Literal["x", "y"],
    title: str | None,
    values: Iterable[float | None],
    length: float,
    *,
    above: float = 0.0,
    labels: bool = True,
) -> LogAxis:
    """Return the logarithmic axis that holds the values.

    Args:
        way: `x` or `y`.
        title: of the axis; None: none.
        values: positive ones are held, the others are not.
        length: of the axis in pixels, about: how many labels it has room for.
        above: share of the axis that is left free above the values, beyond the usual.
        labels: whether its ticks are labelled.
    """
    held = [value for value in values if value is not None and _LEAST < value < math.inf] or [1.0]
    low, high = math.log10(min(held)), math.log10(max(held))
    if high - low < 1e-3:  # one value: half a decade about it
        low, high = low - 0.25, high + 0.25
    span = high - low
    top = high + _PAD * span
    low, high = low - _PAD * span, high + (_PAD + above / (1 - above)) * span
    ends = 10**low, 10**high
    scale = alt.Scale(type="log", domain=list(ends), nice=False)
    powers = _powers(low, top, max(2, int(length / _ROOM[way])))
    if powers:
        axis = _axis_of_powers(way, title, powers, low, top, labels)
        return LogAxis(way, *ends, scale, axis, tuple(powers) if labels else ())
    ticks = {value: number(value) if labels else "" for value in _round_values(10**low, 10**top)}
    axis = alt.Axis(title=title, values=list(ticks), labelExpr=lookup(ticks), labelOverlap="greedy", ticks=labels)
    return LogAxis(way, *ends, scale, axis, ())


def _powers(low: float, high: float, most: int) -> list[int]:
    """Return the exponents to label: none where a power of ten would stand alone."""
    inside = list(range(math.ceil(low), math.floor(high) + 1))
    if len(inside) < 2:
        return []
    every = next(step for step in itertools.count(1) if sum(k % step == 0 for k in inside) <= most)
    return [k for k in inside if k % every == 0] or inside[:1]


def _axis_of_powers(
    way: Literal["x", "y"], title: str | None, powers: list[int], low: float, high: float, labels: bool
) -> alt.Axis:
    ticks = {10.0**k: "10" if labels else "" for k in powers}
    if high - low <= _MOST_MINOR:
        between = [d * 10.0**k for k in range(math.floor(low), math.ceil(high)) for d in range(2, 10)]
        ticks |= {value: "" for value in between if 10**low <= value <= 10**high}
    major = " || ".join(f"abs(datum.value/{10.0**k!r}-1)<1e-6" for k in powers)
    place = {"labelOffset": -5} if way == "x" else {"labelPadding": _padding(powers) if labels else 2}
    grid: Any = {"condition": {"test": major, "value": GRID}, "value": "rgba(0,0,0,0)"}
    size: Any = {"condition": {"test": major, "value": _TICK}, "value": 3}
    return alt.Axis(
        title=title,
        values=list(ticks),
        labelExpr=lookup(ticks),
        labelOverlap=False,
        ticks=labels,
        tickSize=size,
        gridColor=grid,
        **place,  # type: ignore[arg-type]
    )


def _padding(exponents: Sequence[int]) -> float:
    return 2 + _DIGIT * max(len(str(k)) for k in exponents)


def _round_values(low: float, high: float) -> list[float]:
    """Return a few round values: 1, 2 and 5 times powers of ten, or evenly spaced ones over a short stretch."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [d * 10.0**k for k in decades for d in (1, 2, 5) if low <= d * 10.0**k <= high]
    if len(found) >= 3:
        return found
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(d * power for d in (1, 2, 2.5, 5, 10) if d * power >= rough)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def linear_axis(title: str, values: Iterable[float], around: float) -> tuple[alt.Scale, alt.Axis]:
    """Return the linear axis that holds the values and one more, and is never narrower than a percent of that."""
    held = [*values, around]
    low, high = min(held), max(held)
    pad = max(0.06 * (high - low), 0.005 * abs(around))
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    return scale, alt.Axis(title=title, tickCount=5)


def lookup(ticks: Mapping[float, str]) -> str:
    """Return the Vega expression that looks a tick's label up, to rounding: 10^k is not always exact."""
    tests = [
        f"abs(datum.value-{value!r})<={abs(value) * 1e-6!r} ? {json.dumps(label, ensure_ascii=False)} : "
        for value, label in ticks.items()
        if label
    ]
    return "".join(tests) + "''"


def edges(values: Sequence[float], log: bool) -> list[float]:
    """Return the edges of cells about sorted values, one more than these: midway between neighbours."""
    at = [math.log(value) if log else float(value) for value in values]
    between = [(a + b) / 2 for a, b in itertools.pairwise(at)]
    first = between[0] - at[0] if between else 0.5
    last = at[-1] - between[-1] if between else 0.5
    every = [at[0] - first, *between, at[-1] + last]
    return [math.exp(edge) for edge in every] if log else every
